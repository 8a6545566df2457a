/** Pushes to a real registry that are killed whenever it may be: nobody sees a half, and the next one completes it. */
import { beforeAll, expect } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pullArtifact } from "../../src/artifact/pull.ts";
import { convert } from "../../src/convert/convert.ts";
import { noise } from "../registry/support.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

beforeAll(async () => {
  const layers = [tar([{ path: "noise", data: noise(12 << 20, 1) }])];
  buildLayout(scratch("image"), { layers, created: "2020-01-01T00:00:00Z" });
  await convert({ source: `oci:${scratch("image")}`, platform: "linux/amd64", out: scratch("vm") });
});

/** Pushes, and is killed after so many milliseconds; whether it had come to its end. */
async function pushed(name: string, killedAfter?: number): Promise<boolean> {
  const child = spawn(process.execPath, ["--no-env-file", MAIN, "push", scratch("vm"), name], {
    stdio: "ignore",
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const timer = killedAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killedAfter);
  const status = await ended;
  clearTimeout(timer);
  return status === 0;
}

/** Whether it is there; if so, it is what was converted. */
async function isThere(host: string, repository: string): Promise<boolean> {
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const answer = await fetch(`http://${host}/v2/${repository}/manifests/1`, { method: "HEAD", headers });
  if (answer.status === 404) return false;
  await pullArtifact(`${host}/${repository}:1`, { environment: {}, out: scratch("back"), force: true });
  for (const file of ["rootfs.ext4", "meta.json"]) {
    expect(readFileSync(scratch("back", file)).equals(readFileSync(scratch("vm", file)))).toBe(true);
  }
  rmSync(scratch("back"), { recursive: true });
  return true;
}

testWith(
  ["docker-registry"],
  "a push that is killed at any moment shows nothing, and can be made again",
  () =>
    withRegistry({}, async ({ host }) => {
      const begun = performance.now();
      expect(await pushed(`${host}/whole/vm:1`)).toBe(true);
      expect(await isThere(host, "whole/vm")).toBe(true);
      const whole = performance.now() - begun;
      const { numRuns } = randomCases("moments of a push", { some: 6, all: 20 });
      let killed = 0;
      for (let n = 0; n < numRuns; n++) {
        const repository = `killed-${n}/vm`;
        const ended = await pushed(`${host}/${repository}:1`, (whole * (n + 0.5)) / numRuns);
        if (!ended) killed++;
        // The tag comes last: where it is there, so is all else.
        const there = await isThere(host, repository);
        if (ended) expect([n, there]).toEqual([n, true]);
        expect(await pushed(`${host}/${repository}:1`)).toBe(true);
        expect(await isThere(host, repository)).toBe(true);
      }
      expect(killed).toBeGreaterThan(0);
    }),
);

testWith(["docker-registry"], "two pushes of one image at once, by two processes, both succeed", () =>
  withRegistry({}, async ({ host }) => {
    const both = await Promise.all([1, 2].map(() => pushed(`${host}/team/vm:1`)));
    expect(both).toEqual([true, true]);
    expect(await isThere(host, "team/vm")).toBe(true);
  }),
);
