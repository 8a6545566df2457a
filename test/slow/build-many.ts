/** Run by itself, so that its memory can be measured: an ext4 of so many small files at a path. Prints its peak RSS. */
import { emitExt4 } from "../../src/filesystem/ext4/write/emit.ts";
import { geometryFor, reservedRunAfter } from "../../src/filesystem/ext4/write/geometry.ts";
import { OPTIONS, planExt4 } from "../filesystem/ext4/write/images.ts";
import { BlockFiles, manyFiles, printPeak, writeImage } from "./many-files.ts";

const [path = "", count = ""] = process.argv.slice(2);
const geometry = geometryFor(2 ** 29);
const files = new BlockFiles((block) => reservedRunAfter(geometry, block));
const root = manyFiles(Number(count), files.file);
const plan = planExt4(root, { geometry, ...files.contents }, OPTIONS);
writeImage(path, emitExt4(plan), plan.blocks);
printPeak();
