/** Run by itself, so that its memory can be measured: an XFS of so many small files at a path. Prints its peak RSS. */
import { emitXfs } from "../../src/filesystem/xfs/write/emit.ts";
import { reservedRunAfter } from "../../src/filesystem/xfs/write/geometry.ts";
import { planXfs } from "../../src/filesystem/xfs/write/plan.ts";
import { finished } from "../../src/waiting/steps.ts";
import { OPTIONS } from "../filesystem/xfs/write/images.ts";
import { BlockFiles, manyFiles, printPeak, writeImage } from "./many-files.ts";

const [path = "", count = ""] = process.argv.slice(2);
const files = new BlockFiles(reservedRunAfter);
const root = manyFiles(Number(count), files.file);
const plan = finished(planXfs(root, files.contents, OPTIONS));
writeImage(path, emitXfs(plan), plan.blocks);
printPeak();
