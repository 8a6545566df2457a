#!/usr/bin/env node
import { start } from "./start.ts";

await start(["oci-to-virtio", ...process.argv.slice(2)]);
