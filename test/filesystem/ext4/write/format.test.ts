/** The format tables, used to read what mke2fs and the kernel wrote, against what e2fsprogs reads there. */
import { expect } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode, encode, type Values, viewOf } from "../../../../src/blocks/field.ts";
import {
  crc,
  crcOfLong,
  crcOfNumber,
  filesystemSeed,
  inodeSeed,
  superblockChecksum,
} from "../../../../src/filesystem/ext4/format/checksum.ts";
import {
  DIRECTORY_ENTRY,
  DIRECTORY_TAIL,
  DX_COUNT_LIMIT,
  DX_ROOT,
  DX_ROOT_INFO,
  DX_ROOT_INFO_OFFSET,
  DX_TAIL,
} from "../../../../src/filesystem/ext4/format/directory.ts";
import {
  EXTENT,
  EXTENT_HEADER,
  EXTENT_INDEX,
  EXTENT_TAIL_OFFSET,
} from "../../../../src/filesystem/ext4/format/extent.ts";
import { GROUP_DESCRIPTOR } from "../../../../src/filesystem/ext4/format/group-descriptor.ts";
import { INODE } from "../../../../src/filesystem/ext4/format/inode.ts";
import { JOURNAL_SUPERBLOCK } from "../../../../src/filesystem/ext4/format/journal.ts";
import { XATTR_ENTRY, XATTR_HEADER } from "../../../../src/filesystem/ext4/format/xattr.ts";
import { blockHash, entryHash } from "../../../../src/filesystem/ext4/format/xattr-hash.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { type ForeignImage, withForeignImage } from "./foreign-image.ts";
import { withMount } from "./mounting.ts";

testWith(["mke2fs", "dumpe2fs"], "the superblock of mke2fs reads as dumpe2fs shows it", () => {
  withForeignImage((image) => {
    const superblock = image.superblock();
    expect(superblock.s_inodes_count).toBe(Number(image.dumpe2fs("Inode count")));
    expect(superblock.s_blocks_count_lo).toBe(Number(image.dumpe2fs("Block count")));
    expect(superblock.s_r_blocks_count_lo).toBe(Number(image.dumpe2fs("Reserved block count")));
    expect(superblock.s_free_blocks_count_lo).toBe(Number(image.dumpe2fs("Free blocks")));
    expect(superblock.s_free_inodes_count).toBe(Number(image.dumpe2fs("Free inodes")));
    expect(superblock.s_blocks_per_group).toBe(Number(image.dumpe2fs("Blocks per group")));
    expect(superblock.s_inodes_per_group).toBe(Number(image.dumpe2fs("Inodes per group")));
    expect(superblock.s_first_ino).toBe(Number(image.dumpe2fs("First inode")));
    expect(superblock.s_inode_size).toBe(Number(image.dumpe2fs("Inode size")));
    expect(superblock.s_desc_size).toBe(Number(image.dumpe2fs("Group descriptor size")));
    expect(superblock.s_want_extra_isize).toBe(Number(image.dumpe2fs("Desired extra isize")));
    expect(superblock.s_journal_inum).toBe(Number(image.dumpe2fs("Journal inode")));
    expect(2 ** superblock.s_log_groups_per_flex).toBe(Number(image.dumpe2fs("Flex block group size")));
    expect(Buffer.from(superblock.s_volume_name).toString()).toBe("foreign".padEnd(16, "\0"));
    expect(uuidText(superblock.s_uuid)).toBe(image.dumpe2fs("Filesystem UUID"));
    expect(uuidText(superblock.s_hash_seed)).toBe(image.dumpe2fs("Directory Hash Seed"));
    expect(hex(superblock.s_checksum)).toBe(shorn(image.dumpe2fs("Checksum")));
    expect(hex(superblockChecksum(image.read(1024, 0x3fc)))).toBe(shorn(image.dumpe2fs("Checksum")));
  });
});

testWith(
  ["mke2fs", "dumpe2fs"],
  "the group descriptor of mke2fs reads as dumpe2fs shows it, checksums too",
  () => {
    withForeignImage((image) => {
      const descriptor = image.descriptor();
      const group = runOk("dumpe2fs", [image.path]).split("Group 0:")[1] ?? "";
      const number = (pattern: RegExp) => Number(pattern.exec(group)?.[1]);
      expect(descriptor.bg_block_bitmap_lo).toBe(number(/Block bitmap at (\d+)/));
      expect(descriptor.bg_inode_bitmap_lo).toBe(number(/Inode bitmap at (\d+)/));
      expect(descriptor.bg_inode_table_lo).toBe(number(/Inode table at (\d+)/));
      expect(descriptor.bg_free_blocks_count_lo).toBe(number(/(\d+) free blocks/));
      expect(descriptor.bg_free_inodes_count_lo).toBe(number(/(\d+) free inodes/));
      expect(descriptor.bg_used_dirs_count_lo).toBe(number(/(\d+) directories/));
      expect(descriptor.bg_itable_unused_lo).toBe(number(/(\d+) unused inodes/));
      expect(descriptor.bg_checksum).toBe(number(/csum (0x[0-9a-f]+)/));
      const seed = filesystemSeed(image.superblock().s_uuid);
      const bytes = image.read(4096, 64);
      GROUP_DESCRIPTOR.bg_checksum.put(viewOf(bytes), 0, 0);
      expect(crc(crcOfNumber(seed, 0), bytes) & 0xffff).toBe(descriptor.bg_checksum);
      const blockBitmap = crc(seed, image.block(descriptor.bg_block_bitmap_lo));
      expect(blockBitmap).toBe(number(/Block bitmap at .*csum (0x[0-9a-f]+)/));
      const inodeBytes = image.superblock().s_inodes_per_group / 8;
      const inodeBitmap = crc(seed, image.block(descriptor.bg_inode_bitmap_lo).subarray(0, inodeBytes));
      expect(inodeBitmap).toBe(number(/Inode bitmap at .*csum (0x[0-9a-f]+)/));
    });
  },
);

testWith(
  ["mke2fs", "debugfs"],
  "an inode and its directory block of mke2fs read as debugfs shows them",
  () => {
    withForeignImage((image) => {
      const said = image.debugfs("stat <11>");
      const inode = image.inode(11);
      expect(inode.i_mode).toBe(0o040700);
      expect(said).toContain(`Links: ${inode.i_links_count} `);
      expect(said).toContain(`Size: ${inode.i_size_lo}`);
      expect(said).toContain(`Blockcount: ${inode.i_blocks_lo}\n`);
      expect(said).toContain(`Flags: ${hex(inode.i_flags)}`);
      expect(said).toContain(`mtime: ${hex(inode.i_mtime)}:`);
      expect(said).toContain(`Size of extra inode fields: ${inode.i_extra_isize}`);
      const checksum = inode.i_checksum_hi * 2 ** 16 + inode.l_i_checksum_lo;
      expect(said).toContain(`Inode checksum: 0x${checksum.toString(16).padStart(8, "0")}`);
      const seed = inodeSeed(filesystemSeed(image.superblock().s_uuid), 11);
      const bytes = image.read(image.inodePosition(11), 256);
      encode(INODE, viewOf(bytes), 0, { l_i_checksum_lo: 0, i_checksum_hi: 0 });
      expect(crc(seed, bytes)).toBe(checksum);

      const view = viewOf(inode.i_block);
      expect(decode(EXTENT_HEADER, view, 0)).toMatchObject({
        eh_magic: 0xf30a,
        eh_entries: 1,
        eh_max: 4,
        eh_depth: 0,
      });
      const extent = decode(EXTENT, view, 12);
      expect(said).toContain(
        `(0-${extent.ee_len - 1}):${extent.ee_start_lo}-${extent.ee_start_lo + extent.ee_len - 1}`,
      );
      const block = image.block(extent.ee_start_lo);
      expect(decode(DIRECTORY_ENTRY, viewOf(block), 0)).toEqual({
        inode: 11,
        rec_len: 12,
        name_len: 1,
        file_type: 2,
      });
      const tail = decode(DIRECTORY_TAIL, viewOf(block), 4084);
      expect(tail.det_reserved_ft).toBe(0xde);
      expect(tail.det_checksum).toBe(crc(seed, block.subarray(0, 4084)));
    });
  },
);

testWith(["mke2fs", "dumpe2fs", "debugfs"], "the journal of mke2fs reads as dumpe2fs shows it", () => {
  withForeignImage((image) => {
    const journal = image.decode(JOURNAL_SUPERBLOCK, image.map("<8>", 0) * 4096);
    expect(journal).toMatchObject({
      h_magic: 0xc03b3998,
      h_blocktype: 4,
      s_blocksize: 4096,
      s_first: 1,
      s_start: 0,
    });
    expect(journal.s_maxlen).toBe(Number(image.dumpe2fs("Total journal blocks")));
    expect(journal.s_sequence).toBe(Number(image.dumpe2fs("Journal sequence")));
    expect(uuidText(journal.s_uuid)).toBe(image.dumpe2fs("Filesystem UUID"));
  });
});

testWith(
  ["mke2fs", "loop mount", "debugfs"],
  "an index, an extent tree and attributes of the kernel read as made",
  () => {
    withForeignImage((image) => {
      // Beyond ASCII and too long for the inode, so that hashes of names and values are in the block.
      const attribute = "user.ü";
      const value = "v".repeat(301);
      withMount(image.path, "rw", (mountPoint) => {
        for (let i = 0; i < 700; i++) symlinkSync("x", join(mountPoint, `name-of-a-link-${i}`));
        writeFileSync(join(mountPoint, "file"), "");
        for (let i = 0; i < 12; i++) {
          runOk("dd", [
            "if=/dev/zero",
            `of=${mountPoint}/file`,
            "bs=4096",
            "count=1",
            `seek=${2 * i}`,
            "conv=notrunc",
          ]);
        }
        runOk("setfattr", ["-n", attribute, "-v", value, join(mountPoint, "file")]);
      });
      const seed = filesystemSeed(image.superblock().s_uuid);
      checkIndex(image, inodeSeed(seed, 2));
      const number = Number(/Inode: (\d+)/.exec(image.debugfs("stat /file"))?.[1]);
      const inode = image.inode(number);
      checkExtentTree(image, inode, crcOfNumber(crcOfNumber(seed, number), inode.i_generation));
      checkXattrBlock(image, inode.i_file_acl_lo, seed, attribute, value);
    });
  },
);

function checkIndex(image: ForeignImage, seed: number): void {
  const block = image.block(image.map("<2>", 0));
  const info = decode(DX_ROOT_INFO, viewOf(block), DX_ROOT_INFO_OFFSET);
  expect(info).toEqual({
    reserved_zero: 0,
    hash_version: 1,
    info_length: 8,
    indirect_levels: 0,
    unused_flags: 0,
  });
  const { limit, count } = decode(DX_COUNT_LIMIT, viewOf(block), DX_ROOT.offset);
  expect(limit).toBe(DX_ROOT.limit);
  expect(image.debugfs("htree_dump /")).toContain(`Number of entries (count): ${count}`);
  const tail = decode(DX_TAIL, viewOf(block), DX_ROOT.offset + 8 * limit);
  const covered = crc(seed, block.subarray(0, DX_ROOT.offset + 8 * count));
  // The kernel leaves in dt_reserved what the block held before, and covers it.
  expect(crcOfNumber(crcOfNumber(covered, tail.dt_reserved), 0)).toBe(tail.dt_checksum);
}

function checkExtentTree(image: ForeignImage, inode: Values<typeof INODE>, seed: number): void {
  const root = viewOf(inode.i_block);
  expect(decode(EXTENT_HEADER, root, 0)).toMatchObject({ eh_entries: 1, eh_depth: 1 });
  const leaf = image.block(decode(EXTENT_INDEX, root, 12).ei_leaf_lo);
  expect(decode(EXTENT_HEADER, viewOf(leaf), 0)).toMatchObject({ eh_entries: 12, eh_max: 340, eh_depth: 0 });
  expect(decode(EXTENT, viewOf(leaf), 24).ee_start_lo).toBe(image.map("/file", 2));
  expect(leaf.readUInt32LE(EXTENT_TAIL_OFFSET)).toBe(crc(seed, leaf.subarray(0, EXTENT_TAIL_OFFSET)));
}

function checkXattrBlock(
  image: ForeignImage,
  place: number,
  seed: number,
  attribute: string,
  value: string,
): void {
  const block = image.block(place);
  const header = decode(XATTR_HEADER, viewOf(block), 0);
  const entry = decode(XATTR_ENTRY, viewOf(block), 32);
  const name = Buffer.from(attribute.replace("user.", "")).toString("latin1");
  expect(header).toMatchObject({ h_magic: 0xea020000, h_refcount: 1, h_blocks: 1 });
  expect(entry).toMatchObject({ e_name_len: name.length, e_name_index: 1, e_value_size: value.length });
  expect(entry.e_hash).toBe(entryHash(name, Buffer.from(value)));
  expect(header.h_hash).toBe(blockHash([entry.e_hash]));
  XATTR_HEADER.h_checksum.put(viewOf(block), 0, 0);
  expect(crc(crcOfLong(seed, place), block)).toBe(header.h_checksum);
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** dumpe2fs shows a checksum with all its zeros. */
function shorn(shown: string): string {
  return hex(Number(shown));
}
