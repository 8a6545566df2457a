/** A million files: what they take of memory, and that nothing is wrong with them. */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withMount } from "../filesystem/ext4/write/mounting.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;

const BUILDERS = { ext4: "build-many.ts", erofs: "build-many-erofs.ts", xfs: "build-many-xfs.ts" } as const;

for (const [type, files, mebibytes] of [
  ["ext4", 100_000, 160],
  ["ext4", 1_000_000, 730],
  ["erofs", 100_000, 135],
  ["erofs", 1_000_000, 730],
  ["xfs", 100_000, 150],
  ["xfs", 1_000_000, 790],
] as const) {
  const name = `${files} small files take less than ${mebibytes} MiB of memory as ${type}`;
  testWith(["e2fsck", "fsck.erofs", "xfs_repair", "loop mount"], name, () => {
    const image = scratch(`${files}.${type}`);
    const builder = join(import.meta.dir, BUILDERS[type]);
    const peak = Number(runOk(process.execPath, [builder, image, `${files}`]));
    expect(peak).toBeGreaterThan(10 * MIB);
    expect(peak).toBeLessThan(mebibytes * MIB);
    if (type === "xfs") runOk("xfs_repair", ["-n", image]);
    else expectCleanFilesystem(image);
    const check = (mountPoint: string): void => {
      const directories = readdirSync(mountPoint).filter((name) => name !== "lost+found");
      const counts = directories.map((name) => readdirSync(join(mountPoint, name)).length);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(files);
      const last = join(mountPoint, `directory-${files - 1000}`, `a-small-file-${files - 1}.txt`);
      expect(readFileSync(last).equals(Buffer.alloc(1000))).toBe(true);
    };
    withMount(image, "ro", check, type);
  });
}
