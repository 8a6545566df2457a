/**
 * `npm run bench:cores`: what more cores would do for a conversion, and what seats, threads and layers that can be split
 * would do for it then. The steps are measured on this machine, each alone, in processor time; then conversions run in a
 * time of their own (pipeline.ts), in which there are as many cores as one likes.
 *
 * --rounds N (3): times that each step is measured, of which the least counts. --disk MB/S: what the disk takes; without
 * it no one waits for it. --markdown.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, machineLine } from "../machine.ts";
import { benchImage, SHAPES } from "../make-image.ts";
import { readIntoPageCache } from "../measure.ts";
import { type MeasuredImage, measureImages } from "./measured-image.ts";
import { costsTable, gainsTable, validationTable } from "./tables.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    disk: { type: "string" },
    markdown: { type: "boolean", default: false },
  },
});
const style = values.markdown ? "markdown" : "text";
const disk = values.disk === undefined ? Number.POSITIVE_INFINITY : Number(values.disk) * 1e6;
const cache = join(import.meta.dir, "../../.cache/bench");
const folder = mkdtempSync(join(tmpdir(), "docker2vm-cores-"));
try {
  const images: MeasuredImage[] = [];
  for (const name of ["medium", "large", "files100k"]) {
    const shape = SHAPES[name];
    if (shape === undefined) throw new Error(`no shape ${name}`);
    images.push({ name, layout: await benchImage(shape, cache) });
  }
  for (const { layout } of images) await readIntoPageCache(layout);
  const measured = await measureImages(images, folder, Number(values.rounds));
  console.log(`${machineLine(describeMachine())}\n`);
  console.log(`${costsTable(measured, style)}\n`);
  console.log(`${validationTable(measured, style)}\n`);
  console.log(gainsTable(measured.costs, disk, style));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
