#!/usr/bin/env node
import { runProcess } from "./process.ts";

await runProcess(["oci2gondolin", ...process.argv.slice(2)]);
