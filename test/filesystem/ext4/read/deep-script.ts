/** Run by itself, so that its memory can be measured: extracts an image and lists all of it. Prints its peak RSS. */
import { readFileSync } from "node:fs";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { extract, list, openFilesystem } from "./unpaused.ts";

const [image = "", destination = ""] = process.argv.slice(2);
const filesystem = openFilesystem(new ImageFile(image));
const { directories, leftOut } = extract(filesystem, "/", destination);
let listed = 0;
for (const { path } of list(filesystem, "/", { recursive: true })) listed += path.endsWith("\n") ? 0 : 1;
const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
console.log(JSON.stringify({ directories, leftOut: leftOut.length, listed, peak: Number(peak) * 1024 }));
