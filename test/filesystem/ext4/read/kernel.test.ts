/** Images that the kernel wrote to, against what the kernel shows of them. */
import { expect } from "bun:test";
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { expectCleanFilesystem, runOk, testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import { makeForeign, withFilesystem, withFolder } from "./support.ts";
import { verify } from "./unpaused.ts";

const FORMS: Readonly<Record<string, string>> = {
  "ext4 as it is now": "-t ext4 -N 20000",
  "blocks of 1 KiB": "-t ext4 -b 1024 -N 20000",
  "values of attributes in inodes": "-t ext4 -N 20000 -O ea_inode",
  "inline data": "-t ext4 -N 20000 -O inline_data -I 512",
  "an orphan file and a seed for checksums": "-t ext4 -N 20000 -O orphan_file,metadata_csum_seed",
  "ext4 without checksums": "-t ext4 -N 20000 -O ^metadata_csum,uninit_bg",
  "meta_bg and blocks of 1 KiB": "-t ext4 -b 1024 -N 20000 -O meta_bg,^resize_inode",
  ext3: "-t ext3 -N 20000",
  "ext2 with blocks of 1 KiB and inodes of 128 bytes": "-t ext2 -b 1024 -I 128 -N 20000",
};

for (const [name, options] of Object.entries(FORMS)) {
  testWith(
    ["mke2fs", "e2fsck", "loop mount", "setfattr"],
    `${name}: reads as the kernel shows it, and verifies`,
    () => {
      withFolder((folder) => {
        const path = join(folder, "image");
        makeForeign(path, "160M", options.split(" "));
        withMounted(path, "rw", (mountPoint) => churn(mountPoint, options));
        expectCleanFilesystem(path);
        const want = withMounted(path, "ro", kernelView);
        expect(want.size).toBeGreaterThan(1300);
        expect(differences(withFilesystem(path, readerView), want)).toEqual([]);
        const image = new ImageFile(path);
        expect(verify(image).findings).toEqual([]);
        image.close();
      });
    },
  );
}

/** Makes and unmakes files so that every structure grows, splits and shrinks. */
function churn(top: string, options: string): void {
  const many = join(top, "many");
  mkdirSync(many);
  for (let i = 0; i < 2000; i++)
    writeFileSync(join(many, `a-name-that-takes-some-room-${i}`), `${i}`.repeat(i % 90));
  for (let i = 0; i < 2000; i += 3) unlinkSync(join(many, `a-name-that-takes-some-room-${i}`));
  for (let i = 1; i < 900; i += 3)
    renameSync(join(many, `a-name-that-takes-some-room-${i}`), join(top, "many", `caf\u00e9-${i}`));
  mkdirSync(join(top, "shared"));
  for (let i = 0; i < 12; i++) {
    const path = join(top, "shared", `${i}`);
    writeFileSync(path, "");
    runOk("setfattr", ["-n", "user.shared", "-v", "s".repeat(300), path]);
  }
  for (let i = 0; i < 20; i++) mkdirSync(join(top, "shared", `folder ${i}`, "below"), { recursive: true });
  for (let i = 0; i < 20; i += 2) rmSync(join(top, "shared", `folder ${i}`), { recursive: true });
  linkSync(join(many, "a-name-that-takes-some-room-2"), join(top, "linked"));
  symlinkSync("t".repeat(900), join(top, "long-link"));
  scatter(join(top, "scattered"));
  if (options.includes("ea_inode")) addLargeAttributes(join(top, "linked"));
  // The kernel writes over what a file had before, and leaves blocks that were never written.
  const file = join(top, "preallocated");
  if (options.includes("ext4")) runOk("fallocate", ["-l", "3000000", file]);
  appendFileSync(file, "the end");
  writeFileSync(join(top, "shrunk"), Buffer.alloc(2_000_000, "shrunk"));
  truncateSync(join(top, "shrunk"), 777_777);
}

/**
 * A file of many runs with holes between them, some far out, and one at its end. With blocks of 1 KiB the last run is
 * mapped by a triple indirect block, which begins at 67,383,296.
 */
function scatter(path: string): void {
  const fd = openSync(path, "w");
  for (let i = 0; i < 1000; i++) writeSync(fd, `run ${i}`, i * 12_288);
  for (const far of [60_000_000, 70_000_000]) writeSync(fd, "far out", far);
  ftruncateSync(fd, 80_000_000);
  closeSync(fd);
}

function addLargeAttributes(path: string): void {
  runOk("setfattr", ["-n", "user.large", "-v", "l".repeat(20_000), path]);
  runOk("setfattr", ["-n", "user.also-large", "-v", "l".repeat(20_000), path]);
  runOk("setfattr", ["-n", "user.small", "-v", "small", path]);
}
