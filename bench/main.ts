/**
 * `bun run bench`: the whole conversion of an image on disk beside the ways it replaces and the floor under it,
 * alternating, medians. Options: --shape small|medium|large|files100k|files1m (default medium), --image LAYOUT (an OCI
 * layout with one tag "latest"), --rounds N (default 5), --only NAME (contenders whose names contain it), --json FILE.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchImage, SHAPES } from "./make-image.ts";
import { benchRegistry } from "./registry.ts";

const ROOT = join(import.meta.dir, "..");
const CACHE = join(ROOT, ".cache/bench");

interface Contender {
  readonly name: string;
  /** Programs that must be there. */
  readonly needs: readonly string[];
  /** A command that reads the layout and leaves what it makes in the folder. */
  command(layout: string, folder: string): readonly string[];
}

const CONTENDERS: readonly Contender[] = [
  {
    name: "docker2vm",
    needs: [],
    command: (layout, folder) => [
      process.execPath,
      join(ROOT, "src/cli/main.ts"),
      ...["convert", `oci:${layout}`, "--platform", "linux/amd64", "--out", folder, "--progress", "none"],
    ],
  },
  {
    name: "floor: read, inflate, hash",
    needs: [],
    command: (layout) => [process.execPath, join(ROOT, "bench/floor.ts"), layout],
  },
  {
    name: "umoci unpack + mke2fs -d",
    needs: ["umoci", "mke2fs"],
    command: (layout, folder) => ["sh", "-c", UMOCI_AND_MKE2FS, "sh", layout, folder],
  },
];

/** The same conversion with every byte coming through a registry's HTTP. */
function fromRegistry(reference: string): Contender {
  const args = [
    "convert",
    reference,
    "--no-cache",
    "--platform",
    "linux/amd64",
    "--progress",
    "none",
    "--out",
  ];
  return {
    name: "docker2vm from a registry",
    needs: [],
    command: (_layout, folder) => [process.execPath, join(ROOT, "src/cli/main.ts"), ...args, folder],
  };
}

const UMOCI_AND_MKE2FS = `set -e
umoci unpack --image "$1:latest" "$2/bundle" >/dev/null 2>&1
size=$(du -sk "$2/bundle/rootfs" | cut -f1)
mke2fs -q -t ext4 -d "$2/bundle/rootfs" "$2/rootfs.ext4" $((size + size / 4 + 65536))k`;

interface Sample {
  readonly seconds: number;
  readonly peakBytes: number;
}

async function sample(contender: Contender, layout: string): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-bench-"));
  try {
    const start = performance.now();
    const child = Bun.spawn([...contender.command(layout, folder)], { stdout: "ignore", stderr: "pipe" });
    const status = await child.exited;
    const seconds = (performance.now() - start) / 1000;
    if (status !== 0)
      throw new Error(`${contender.name}: exit ${status}\n${await new Response(child.stderr).text()}`);
    return { seconds, peakBytes: child.resourceUsage()?.maxRSS ?? 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function storedBytes(layout: string): number {
  const folder = join(layout, "blobs/sha256");
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

interface Result extends Sample {
  readonly name: string;
  readonly ratio: number;
}

function table(results: readonly Result[], stored: number): string {
  const rows = results.map((result) => [
    result.name.padEnd(28),
    `${result.seconds.toFixed(2)} s`.padStart(9),
    `${result.ratio.toFixed(2)} x`.padStart(9),
    `${(result.peakBytes / 2 ** 20).toFixed(0)} MiB`.padStart(9),
    `${(stored / 1e6 / result.seconds).toFixed(0)} MB/s`.padStart(10),
  ]);
  const head = [
    "".padEnd(28),
    "median".padStart(9),
    "ratio".padStart(9),
    "peak".padStart(9),
    "stored".padStart(10),
  ];
  return [head, ...rows].map((row) => row.join("  ")).join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      shape: { type: "string", default: "medium" },
      image: { type: "string" },
      rounds: { type: "string", default: "5" },
      only: { type: "string", default: "" },
      json: { type: "string" },
    },
  });
  const shape = SHAPES[values.shape];
  if (shape === undefined) throw new Error(`--shape takes ${Object.keys(SHAPES).join(", ")}`);
  mkdirSync(CACHE, { recursive: true });
  const layout = values.image ?? (await benchImage(shape, CACHE));
  if (!existsSync(join(layout, "index.json"))) throw new Error(`${layout} is not an OCI layout`);

  const registry = await benchRegistry(layout);
  const contenders = registry === undefined ? CONTENDERS : [...CONTENDERS, fromRegistry(registry.reference)];
  const present = contenders
    .filter(({ name }) => name.includes(values.only))
    .filter(({ needs }) => needs.every((program) => Bun.which(program) !== null));
  const samples = present.map((): Sample[] => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, contender] of present.entries()) samples[index]?.push(await sample(contender, layout));
  }
  registry?.stop();
  const medians = samples.map((list) => ({
    seconds: median(list.map((s) => s.seconds)),
    peakBytes: median(list.map((s) => s.peakBytes)),
  }));
  const own = medians[0]?.seconds ?? Number.NaN;
  const results = present.map(({ name }, index): Result => {
    const { seconds, peakBytes } = medians[index] ?? { seconds: Number.NaN, peakBytes: 0 };
    return { name, seconds, peakBytes, ratio: seconds / own };
  });
  const stored = storedBytes(layout);
  console.log(
    `${layout}: ${(stored / 1e6).toFixed(1)} MB stored; ${availableParallelism()} cores, ${values.rounds} rounds\n`,
  );
  console.log(table(results, stored));
  if (values.image === undefined) {
    console.log(`\n${shape.files} files: ${((own / shape.files) * 1e6).toFixed(1)} µs a file`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

await main();
