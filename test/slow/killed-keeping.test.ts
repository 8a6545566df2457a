/** Conversions that are killed while they keep layers: no half of one is ever found. */
import { beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listCache, verifyCache } from "../../src/cache/upkeep.ts";
import { convert } from "../../src/convert/convert.ts";
import { noise } from "../registry/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const LAYERS = 4;

beforeAll(() => {
  const layers = Array.from({ length: LAYERS }, (_, n) =>
    tar([{ path: `f${n}`, data: noise(6 << 20, n + 1) }]),
  );
  buildLayout(scratch("image"), { layers, created: "2020-01-01T00:00:00Z" });
});

/** Converts, and is killed after so many milliseconds; whether it came to its end, and what it made then. */
async function converted(cache: string, killedAfter?: number): Promise<string | undefined> {
  const out = mkdtempSync(scratch("out-"));
  const args = ["convert", `oci:${scratch("image")}`, "--platform", "linux/amd64", "--out", out, "--force"];
  const child = spawn(
    process.execPath,
    ["--no-env-file", MAIN, ...args, "--no-result-cache", "--cache-dir", cache, "--layer-store", "1G"],
    { stdio: "ignore" },
  );
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const timer = killedAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killedAfter);
  const status = await ended;
  clearTimeout(timer);
  return status === 0 ? `${Bun.hash(readFileSync(join(out, "rootfs.ext4")))}` : undefined;
}

test("a conversion that is killed at any moment keeps whole layers or none, and the next one uses them", async () => {
  const out = scratch("fresh");
  const { rootfsPath } = await convert({ source: `oci:${scratch("image")}`, platform: "linux/amd64", out });
  const fresh = `${Bun.hash(readFileSync(rootfsPath))}`;
  const begun = performance.now();
  expect(await converted(mkdtempSync(scratch("cache-")))).toBe(fresh);
  const whole = performance.now() - begun;
  const { numRuns } = randomCases("moments of a conversion", { some: 8, all: 40 });
  const cache = mkdtempSync(scratch("cache-"));
  let killed = 0;
  for (let n = 0; n < numRuns; n++) {
    const made = await converted(cache, (whole * (n + 0.5)) / numRuns);
    if (made === undefined) killed++;
    else expect([n, made]).toEqual([n, fresh]);
    expect([n, (await verifyCache(cache)).damaged]).toEqual([n, []]);
  }
  expect(killed).toBeGreaterThan(0);
  expect(await converted(cache)).toBe(fresh);
  expect((await listCache(cache)).length).toBe(LAYERS);
  expect(await converted(cache)).toBe(fresh);
  // What the killed ones had begun is gone.
  expect(readdirSync(join(cache, "tmp"))).toEqual([]);
});
