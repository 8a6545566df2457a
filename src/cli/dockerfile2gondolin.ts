#!/usr/bin/env node
import { start } from "./start.ts";

await start(["dockerfile2gondolin", ...process.argv.slice(2)]);
