/** Growing in every form that mke2fs makes, and to 3 TiB. */
import { expect } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { ImageFile } from "../../src/filesystem/reading/image.ts";
import { resizeImage } from "../../src/resize/resize-image.ts";
import { withFilesystem } from "../filesystem/ext4/read/support.ts";
import { verify } from "../filesystem/ext4/read/unpaused.ts";
import { withMount } from "../filesystem/ext4/write/mounting.ts";
import { readerView } from "../filesystem/reading/views.ts";
import { GIB, MIB, makeImage, told } from "../resize/growing.ts";
import { expectCleanFilesystem, run, testWith } from "../support/oracles.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

/** By what sets it apart: options of mke2fs, and MiB before and after. */
const FORMS: Readonly<Record<string, readonly [options: string, from: number, to: number]>> = {
  "blocks of 1 KiB, a resize inode with room": ["-t ext4 -b 1024", 40, 3000],
  "a resize inode that is used up": ["-t ext4 -b 1024 -E resize=262144", 40, 3000],
  "blocks of 2 KiB": ["-t ext4 -b 2048", 100, 5000],
  "blocks of 4 KiB, a last group that is short": ["-t ext4 -b 4096", 300, 20 * 1024 + 1],
  "blocks of 64 KiB": ["-t ext4 -b 65536", 256, 20 * 1024],
  "a last group that would be too short": ["-t ext4 -b 4096", 300, 1024 + 1],
  ext3: ["-t ext3 -b 4096", 64, 20 * 1024],
  "ext2 with inodes of 128 bytes": ["-t ext2 -b 1024 -I 128", 40, 1000],
  "no resize inode": ["-t ext4 -b 1024 -O ^resize_inode", 40, 2000],
  "no resize inode, no 64bit": ["-t ext4 -b 1024 -O ^resize_inode,^64bit", 40, 2000],
  meta_bg: ["-t ext4 -b 1024 -O meta_bg,^resize_inode", 40, 2000],
  "meta_bg without checksums": ["-t ext4 -b 1024 -O meta_bg,^resize_inode,^metadata_csum", 130, 2000],
  "no flex_bg": ["-t ext4 -b 4096 -O ^flex_bg", 64, 9000],
  "flex groups of 64": ["-t ext4 -b 1024 -G 64", 40, 2000],
  "one flex group": ["-t ext4 -b 4096 -G 65536", 64, 9000],
  "no checksums": ["-t ext4 -b 4096 -O ^metadata_csum", 64, 9000],
  "checksums of descriptors alone": ["-t ext4 -b 4096 -O ^metadata_csum,uninit_bg", 64, 9000],
  "a seed of checksums, an orphan file": ["-t ext4 -b 4096 -O metadata_csum_seed,orphan_file", 64, 9000],
  "sparse_super2, one group before": ["-t ext4 -b 4096 -O sparse_super2", 64, 9000],
  "sparse_super2, two groups before": ["-t ext4 -b 4096 -O sparse_super2", 200, 9000],
  "sparse_super2, its backups in place": ["-t ext4 -b 4096 -O sparse_super2", 600, 9000],
  "a backup in each group": ["-t ext4 -b 1024 -O ^sparse_super,^resize_inode", 40, 1000],
  "clusters (bigalloc)": ["-t ext4 -b 4096 -O bigalloc,^resize_inode", 256, 9 * 1024],
  "inodes of 1 KiB, one to 4 KiB": ["-t ext4 -b 4096 -I 1024 -i 4096", 64, 5000],
  quotas: ["-t ext4 -b 4096 -O quota,project", 64, 9000],
  "names and data of every sort": [
    "-t ext4 -b 4096 -O inline_data,ea_inode,large_dir,casefold,encrypt,verity -I 512",
    64,
    9000,
  ],
  "no journal": ["-t ext4 -b 4096 -O ^has_journal", 64, 9000],
  "small groups": ["-t ext4 -b 1024 -g 2048", 40, 1000],
};

/** Blocks longer than a page, and what kernels are built without. */
const NOT_MOUNTED = /65536|quota|casefold/;

function expectNoFindings(image: string): void {
  const file = new ImageFile(image);
  expect(verify(file).findings).toEqual([]);
  file.close();
}

for (const [name, [options, from, to]] of Object.entries(FORMS)) {
  testWith(
    ["mke2fs", "dumpe2fs", "e2fsck", "loop mount"],
    `${name}: grows, and the kernel works on it`,
    async () => {
      await withTemporaryFolder(async (folder) => {
        const image = join(folder, "image");
        makeImage(image, `${from}M`, options);
        // mke2fs counts no quota of what it copies.
        if (options.includes("quota")) run("e2fsck", ["-fy", image]);
        const before = withFilesystem(image, readerView);
        const { after } = await resizeImage(image, { size: to * MIB });
        const groups = (after.size - Number(told(image, "First block")) * 1024) / after.groups;
        expect(after.size).toBeGreaterThan(to * MIB - groups);
        expectCleanFilesystem(image);
        expect(withFilesystem(image, readerView)).toEqual(before);
        // This project's own check does not take clusters.
        if (!options.includes("bigalloc")) expectNoFindings(image);
        expectBackup(image, before.size);
        if (NOT_MOUNTED.test(options)) return;
        withMount(image, "rw", (mountPoint) => {
          for (let i = 0; i < 300; i++)
            writeFileSync(join(mountPoint, `new-${i}`), `contents ${i}`.repeat(999));
        });
        expectCleanFilesystem(image);
      });
    },
  );
}

/** The first backup is enough for e2fsck to find all files: it has to set right what a backup does not say, once. */
function expectBackup(image: string, files: number): void {
  const size = told(image, "Block size");
  const block = Number(told(image, "First block")) + Number(told(image, "Blocks per group"));
  expect([0, 4]).toContain(run("e2fsck", ["-fn", "-b", String(block), "-B", size, image]).status ?? -1);
  expect(files).toBeGreaterThan(2);
}

testWith(
  ["e2fsck", "loop mount"],
  "an image of this project grows to 3 TiB, and takes little more room",
  async () => {
    await withTemporaryFolder(async (folder) => {
      const file = join(folder, "image");
      const source = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;
      await convert({ source, platform: "linux/amd64", out: { file }, filesystem: { size: 64 * MIB } });
      await resizeImage(file, { size: 3072 * GIB });
      expect(statSync(file).blocks * 512).toBeLessThan(64 * MIB);
      withMount(file, "rw", (mountPoint) => writeFileSync(join(mountPoint, "new"), "contents"));
      expectCleanFilesystem(file);
    });
  },
);
