/**
 * `npm run bench`: the conversion of an image on disk beside other ways and beside the floor under it.
 * --shape small|medium|large|files100k|files1m (default medium), --image LAYOUT (an OCI layout with one tag "latest"),
 * --synced (time stops only when the image is on the disk, whoever made it).
 *
 * `npm run bench -- --scaling`: how time grows with bytes, with files, and with the entries of one directory.
 * --full adds an image of 10 GB.
 *
 * Both: --rounds N (default 5), --only NAME,… (contenders or series whose names contain one of them), --markdown,
 * --json FILE.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compare, comparisonReport, ownSeconds } from "./compare.ts";
import { EXECUTABLE } from "./contenders.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { benchImage, SHAPES } from "./make-image.ts";
import { growthReport, measureGrowth } from "./scaling.ts";
import type { TableStyle } from "./table.ts";

const root = join(import.meta.dir, "..");
const cache = join(root, ".cache/bench");

function parseOptions() {
  const { values } = parseArgs({
    options: {
      shape: { type: "string", default: "medium" },
      image: { type: "string" },
      scaling: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      synced: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      only: { type: "string" },
      markdown: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number from 1 on");
  const style: TableStyle = values.markdown ? "markdown" : "text";
  return { ...values, rounds, style, only: values.only?.split(",") ?? [] };
}

type Options = ReturnType<typeof parseOptions>;

/** Prints the comparison; returns what goes into the record. */
async function runComparison({ shape: name, image, rounds, only, synced, style }: Options): Promise<object> {
  const shape = SHAPES[name];
  if (shape === undefined) throw new Error(`--shape takes ${Object.keys(SHAPES).join(", ")}`);
  const layout = image ?? (await benchImage(shape, cache));
  if (!existsSync(join(layout, "index.json"))) throw new Error(`${layout} is not an OCI layout`);
  const comparison = await compare({ layout, rounds, only, synced, root, cache });
  const title = image ?? `${name}: ${shape.layers} layers, ${shape.files.toLocaleString("en")} files`;
  console.log(
    `${title}, ${(comparison.storedBytes / 1e6).toFixed(1)} MB stored, ${rounds} rounds${synced ? ", images synced" : ""}\n`,
  );
  console.log(comparisonReport(comparison, style));
  const own = ownSeconds(comparison);
  if (image === undefined && own !== undefined) {
    console.log(`\ndocker2vm: ${((own / shape.files) * 1e6).toFixed(1)} µs a file`);
  }
  if (comparison.measured.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  return comparison;
}

async function runScaling({ rounds, only, full, style }: Options): Promise<object> {
  const growth = await measureGrowth({ rounds, only, full, root, cache });
  console.log(growthReport(growth, style));
  return { rounds, growth };
}

const options = parseOptions();
mkdirSync(cache, { recursive: true });
// What is measured is the program as it is published.
rmSync(join(cache, EXECUTABLE), { force: true });
execFileSync(process.execPath, ["run", "--silent", "bundle"], { cwd: root, stdio: "ignore" });
const machine = describeMachine();
console.log(`${machineLine(machine)}\n`);
const record = options.scaling ? await runScaling(options) : await runComparison(options);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine, ...record }, undefined, 2)}\n`);
}
