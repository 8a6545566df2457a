#!/usr/bin/env node
import { runProcess } from "./process.ts";

await runProcess(["dockerfile2gondolin", ...process.argv.slice(2)]);
