/** Where the metadata of a small image is, by kind, so that each kind gets its share of damage. */
import { EXT4_RESIZE_INO } from "../../../../src/filesystem/ext4/format/inode.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../../../../src/filesystem/ext4/format/superblock.ts";
import type { Ext4Filesystem, Ext4Inode } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { firstBlockOf, hasSuperblock } from "../../../../src/filesystem/ext4/read/group-descriptor.ts";
import { hasFlag, readInode } from "../../../../src/filesystem/ext4/read/inode.ts";
import { isFastSymlink } from "../../../../src/filesystem/ext4/read/symlink.ts";
import { blockXattrs, inodeXattrs, xattrBlock } from "../../../../src/filesystem/ext4/read/xattr-entries.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { mappedRuns, openFilesystem, walk } from "./unpaused.ts";

/** Bytes of the image. */
export interface Place {
  readonly start: number;
  readonly length: number;
}

export type Places = ReadonlyMap<string, readonly Place[]>;

/** Places in the image, which must be a whole one. */
export function metadataPlaces(image: Uint8Array): Places {
  const filesystem = openFilesystem(memoryImage(image));
  const collector = new Collector(filesystem);
  collector.addGroups();
  if (filesystem.volume.has("resize_inode")) collector.addResizeInode();
  for (const number of [1, 3, 7, 8]) collector.addInode(number);
  collector.addFile(filesystem.root);
  for (const { inode } of walk(filesystem)) collector.addFile(inode);
  return collector.places;
}

class Collector {
  readonly places = new Map<string, Place[]>();
  readonly #filesystem: Ext4Filesystem;

  constructor(filesystem: Ext4Filesystem) {
    this.#filesystem = filesystem;
  }

  addGroups(): void {
    const { superblock, volume } = this.#filesystem;
    const { blockSize, groups, descriptorSize, fields } = superblock;
    this.#add("superblock", SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
    const home = Math.floor(SUPERBLOCK_OFFSET / blockSize);
    this.#add("descriptors", (home + 1) * blockSize, groups * descriptorSize);
    for (let group = 0; group < groups; group++) {
      const { blockBitmap, inodeBitmap } = volume.descriptor(group);
      this.#addBlock("block bitmaps", blockBitmap);
      this.#addBlock("inode bitmaps", inodeBitmap);
      if (group > 0 && hasSuperblock(superblock, group))
        this.#add("copies", firstBlockOf(superblock, group) * blockSize, 2 * blockSize);
    }
    if (fields.s_journal_inum === 0) return;
    const [first] = mappedRuns(volume, this.#filesystem.inode(fields.s_journal_inum));
    if (first !== undefined) this.#add("journal", first.physical * blockSize, 0x60);
  }

  /** The block of pointers to reserved blocks, and the first of these. */
  addResizeInode(): void {
    const { superblock, volume } = this.#filesystem;
    const { blockSize, groups, descriptorSize } = superblock;
    const { i_block } = readInode(volume, EXT4_RESIZE_INO).fields;
    this.#addBlock("resize inode", Buffer.from(i_block).readUInt32LE(13 * 4));
    const descriptorBlocks = Math.ceil((groups * descriptorSize) / blockSize);
    this.#addBlock("resize inode", firstBlockOf(superblock, 0) + 1 + descriptorBlocks);
  }

  addInode(number: number): void {
    const { volume } = this.#filesystem;
    const { inodeSize, inodesPerGroup, blockSize } = volume.superblock;
    const group = Math.floor((number - 1) / inodesPerGroup);
    const table = volume.descriptor(group).inodeTable * blockSize;
    this.#add("inodes", table + ((number - 1) % inodesPerGroup) * inodeSize, inodeSize);
  }

  addFile(inode: Ext4Inode): void {
    const { volume } = this.#filesystem;
    this.addInode(inode.number);
    const attributes = xattrBlock(volume, inode);
    if (attributes !== 0) this.#addBlock("attributes", attributes);
    for (const { valueInode } of [...inodeXattrs(inode), ...blockXattrs(volume, inode)])
      if (valueInode !== 0) this.#addValue(valueInode);
    if (inode.type === "symlink" && isFastSymlink(volume, inode)) return;
    if (inode.type !== "file" && inode.type !== "directory" && inode.type !== "symlink") return;
    const runs = [...mappedRuns(volume, inode, { visit: (node) => this.#addBlock("mappings", node) })];
    if (inode.type === "file") return;
    const kind = inode.type === "directory" ? "directories" : "symlinks";
    for (const run of runs) {
      for (let i = 0; i < run.length; i++) this.#addBlock(kind, run.physical + i);
    }
    if (hasFlag(inode, "indexed") && runs[0] !== undefined) this.#addBlock("indexes", runs[0].physical);
  }

  #addValue(number: number): void {
    const { volume } = this.#filesystem;
    this.addInode(number);
    for (const run of mappedRuns(volume, readInode(volume, number))) this.#addBlock("values", run.physical);
  }

  #addBlock(kind: string, block: number): void {
    const { blockSize } = this.#filesystem.superblock;
    this.#add(kind, block * blockSize, blockSize);
  }

  #add(kind: string, start: number, length: number): void {
    this.places.set(kind, [...(this.places.get(kind) ?? []), { start, length }]);
  }
}
