/** A million files: what they take of memory, and that nothing is wrong with them. */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;

for (const [files, mebibytes] of [
  [100_000, 300],
  [1_000_000, 1024],
] as const) {
  testWith(["e2fsck", "loop mount"], `${files} small files take less than ${mebibytes} MiB of memory`, () => {
    const image = scratch(`${files}.ext4`);
    const builder = join(import.meta.dir, "build-many.ts");
    const peak = Number(runOk(process.execPath, [builder, image, `${files}`]));
    expect(peak).toBeGreaterThan(10 * MIB);
    expect(peak).toBeLessThan(mebibytes * MIB);
    expectSilentCheck(image);
    withMount(image, "ro", (mountPoint) => {
      const directories = readdirSync(mountPoint).filter((name) => name !== "lost+found");
      const counts = directories.map((name) => readdirSync(join(mountPoint, name)).length);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(files);
      const last = join(mountPoint, `directory-${files - 1000}`, `a-small-file-${files - 1}.txt`);
      expect(readFileSync(last).equals(Buffer.alloc(1000))).toBe(true);
    });
  });
}
