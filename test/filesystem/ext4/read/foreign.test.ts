/** Images of mke2fs, in the forms of the last ten years and more, against the folder that they were made of. */
import { expect } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { expectCleanFilesystem, testWith } from "../../../support/oracles.ts";
import { fillSource } from "../../reading/fill-source.ts";
import { readerView } from "../../reading/views.ts";
import { makeForeign, withFilesystem, withFolder } from "./support.ts";
import { verify } from "./unpaused.ts";

const FORMS: Readonly<Record<string, readonly [size: string, options: string]>> = {
  "ext4 as it is now": ["64M", "-t ext4"],
  "blocks of 1 KiB": ["64M", "-t ext4 -b 1024"],
  "blocks of 2 KiB": ["64M", "-t ext4 -b 2048"],
  "blocks of 8 KiB": ["64M", "-t ext4 -b 8192"],
  "blocks of 64 KiB": ["256M", "-t ext4 -b 65536"],
  "ext4 of 2015, without checksums and 64bit": ["64M", "-t ext4 -O ^metadata_csum,^64bit,uninit_bg"],
  "several groups with CRC-16": ["300M", "-t ext4 -O ^metadata_csum,uninit_bg"],
  "inodes of 128 bytes": ["64M", "-t ext4 -I 128"],
  "inodes of 1,024 bytes": ["64M", "-t ext4 -I 1024"],
  "descriptors spread by meta_bg": ["300M", "-t ext4 -b 1024 -O meta_bg,^resize_inode"],
  "without flex_bg": ["300M", "-t ext4 -O ^flex_bg"],
  "two backups with sparse_super2": ["300M", "-t ext4 -O sparse_super2,^resize_inode"],
  "backups in every group": ["300M", "-t ext4 -O ^sparse_super,^resize_inode"],
  "small groups": ["64M", "-t ext4 -b 1024 -g 1024"],
  "inline data": ["64M", "-t ext4 -O inline_data"],
  "inline data in large inodes": ["64M", "-t ext4 -O inline_data -I 512 -b 1024"],
  "attributes in inodes": ["64M", "-t ext4 -O ea_inode"],
  "a seed of its own for checksums": ["64M", "-t ext4 -O metadata_csum_seed"],
  "an orphan file": ["64M", "-t ext4 -O orphan_file"],
  "large directories": ["64M", "-t ext4 -O large_dir"],
  "no types in directories": ["64M", "-t ext4 -O ^filetype"],
  "multiple mount protection": ["64M", "-t ext4 -O mmp"],
  "without a journal": ["64M", "-t ext4 -O ^has_journal"],
  "names whose case may not count": ["64M", "-t ext4 -O casefold -E encoding=utf8"],
  "encryption and verity possible": ["64M", "-t ext4 -O encrypt,verity,stable_inodes"],
  ext3: ["64M", "-t ext3"],
  "ext3 with blocks of 1 KiB": ["64M", "-t ext3 -b 1024"],
  ext2: ["64M", "-t ext2"],
  "ext2 with blocks of 1 KiB and small inodes": ["64M", "-t ext2 -b 1024 -I 128"],
  "ext2 of revision 0": ["64M", "-t ext2 -r 0"],
};

/** A filesystem without these has no field for them. */
const WITHOUT_ATTRIBUTES = /-r 0/;

for (const [name, [size, options]] of Object.entries(FORMS)) {
  testWith(
    ["mke2fs", "e2fsck", "setfattr", "setfacl", "loop mount"],
    `${name}: everything reads as it was, and verifies`,
    () => {
      withFolder((folder) => {
        const source = join(folder, "source");
        const path = join(folder, "image");
        mkdirSync(source);
        fillSource(source);
        makeForeign(path, size, options.split(" "), source);
        expectCleanFilesystem(path);
        const want = kernelView(source);
        // mke2fs makes the root anew.
        want.delete(".");
        const got = withFilesystem(path, readerView);
        got.delete(".");
        expect(differences(got, want, WITHOUT_ATTRIBUTES.test(options) ? ["xattrs"] : [])).toEqual([]);
        const image = new ImageFile(path);
        expect(verify(image).findings).toEqual([]);
        image.close();
        rmSync(path);
      });
    },
  );
}
