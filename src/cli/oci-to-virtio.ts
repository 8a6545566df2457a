#!/usr/bin/env node
import { runProcess } from "./process.ts";

await runProcess(["oci-to-virtio", ...process.argv.slice(2)]);
