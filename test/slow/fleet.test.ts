/** Many images by one batch: nothing piles up, the cache keeps within its bound, and each is what it would be alone. */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listCache } from "../../src/cache/upkeep.ts";
import { convert } from "../../src/convert/convert.ts";
import { noise } from "../registry/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const IMAGES = 10;
/** Less than all layers take, so that some go and come again. */
const LIMIT = 3 << 20;
const SAMPLES_EVERY = 50;
/** What a conversion may take of memory, whatever comes before it. */
const MOST_MEMORY = 300 << 20;

/** Three bases, two layers that half of the images have, and one of each image's own. */
function layersOf(image: number): Uint8Array[] {
  const base = Array.from({ length: 60 }, (_, n) => ({
    path: `base/f${n}`,
    data: noise(9000 + n, image % 3),
  }));
  const shared = { path: "shared", data: noise(400_000, 100 + (image % 2)) };
  const own = [
    { path: "own", data: noise(100_000, image + 10) },
    { path: ".wh.shared" },
    { path: "base/f1", data: `${image}` },
  ];
  return [tar(base), tar([shared]), tar(own)];
}

interface Sample {
  readonly memory: number;
  readonly files: number;
}

/** What the process has of memory and of open files; undefined once it is gone. */
function sampleOf(pid: number): Sample | undefined {
  try {
    const [, kibibytes = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return { memory: Number(kibibytes) * 1024, files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

/** Runs a batch and looks at it meanwhile. */
async function watched(args: readonly string[]): Promise<{ report: string; samples: readonly Sample[] }> {
  const child = spawn(process.execPath, ["--no-env-file", MAIN, "batch", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const samples: Sample[] = [];
  const watch = setInterval(() => {
    const sample = sampleOf(child.pid ?? 0);
    if (sample !== undefined) samples.push(sample);
  }, SAMPLES_EVERY);
  let report = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    report += text;
  });
  await new Promise((resolve) => child.on("close", resolve));
  clearInterval(watch);
  return { report, samples };
}

const most = (samples: readonly Sample[], of: keyof Sample) =>
  Math.max(...samples.map((sample) => sample[of]));

test("a batch of ten images, again and again, leaks nothing and makes each as it is alone", async () => {
  const { numRuns } = randomCases("conversions in a batch", { some: 60, all: 1000 });
  const fresh: string[] = [];
  for (let image = 0; image < IMAGES; image++) {
    const layout = scratch(`image-${image}`);
    buildLayout(layout, { layers: layersOf(image) });
    const out = scratch("fresh");
    const { rootfsPath } = await convert({
      source: `oci:${layout}`,
      platform: "linux/amd64",
      out,
      force: true,
    });
    fresh.push(`${Bun.hash(readFileSync(rootfsPath))}`);
  }
  const cache = mkdtempSync(scratch("cache-"));
  const out = scratch("vms");
  const lines = Array.from({ length: numRuns }, (_, n) => `oci:${scratch(`image-${n % IMAGES}`)} vm-${n}`);
  writeFileSync(scratch("list"), lines.join("\n"));
  const { report, samples } = await watched([
    ...[
      scratch("list"),
      "--out",
      out,
      "--platform",
      "linux/amd64",
      "--jobs",
      "2",
      "--json",
      "--progress",
      "none",
    ],
    ...["--cache-dir", cache, "--no-result-cache", "--layer-store", `${LIMIT}`],
  ]);
  expect(JSON.parse(report)).toMatchObject({ converted: numRuns, failed: 0, stopped: 0 });

  for (let n = 0; n < numRuns; n++) {
    expect([n, readdirSync(join(out, `vm-${n}`)).sort()]).toEqual([n, ["meta.json", "rootfs.ext4"]]);
    const hash = `${Bun.hash(readFileSync(join(out, `vm-${n}`, "rootfs.ext4")))}`;
    expect([n, hash]).toEqual([n, fresh[n % IMAGES] ?? ""]);
    rmSync(join(out, `vm-${n}`), { recursive: true });
  }
  expect(readdirSync(out)).toEqual(["batch.json"]);

  const kept = await listCache(cache);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(LIMIT);
  expect(readdirSync(join(cache, "tmp"))).toEqual([]);
  expect(readdirSync(join(cache, "layers")).length).toBe(kept.length);

  const half = Math.floor(samples.length / 2);
  const [before, after] = [samples.slice(0, half), samples.slice(half)];
  console.log(
    `${samples.length} looks: ${most(before, "files")} and ${most(after, "files")} files, ` +
      `${most(before, "memory") >> 20} and ${most(after, "memory") >> 20} MiB`,
  );
  // What two conversions have open at once at most, whenever one happened to look.
  expect(most(after, "files")).toBeLessThanOrEqual(most(before, "files") + 16);
  expect(most(samples, "memory")).toBeLessThanOrEqual(MOST_MEMORY);
});
