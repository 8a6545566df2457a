#!/usr/bin/env node
import { start } from "./start.ts";

await start(["oci2gondolin", ...process.argv.slice(2)]);
