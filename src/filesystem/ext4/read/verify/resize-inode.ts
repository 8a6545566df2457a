/** The inode that keeps blocks reserved for more group descriptors (resize_inode). */

import { viewOf } from "../../../../blocks/field.ts";
import { MODE_TYPE } from "../../../../tree/mode.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_RESIZE_INO } from "../../format/inode.ts";
import { firstBlockOf, hasSuperblock } from "../group-descriptor.ts";
import type { FileInode } from "../inode.ts";
import { xattrBlock } from "../xattr-entries.ts";
import type { Check } from "./check.ts";
import { LARGE_FILE } from "./inode-fields.ts";
import { statedSectors } from "./inode-mapping.ts";

const POINTER_SIZE = 4;
/** The pointer of i_block to a block of pointers to blocks of pointers. */
const DOUBLY_INDIRECT = 13;
const DIRECT_BLOCKS = 12;
const POINTERS = 15;
const SECTOR = 512;
const WHERE = inodeName(EXT4_RESIZE_INO);

/**
 * Its one doubly indirect block lists the reserved blocks after the first superblock, each of which lists its
 * counterparts after the other superblocks.
 */
export function* checkResizeInode(check: Check, inode: FileInode | undefined): Steps<void> {
  const { volume, findings } = check;
  const reserved = volume.superblock.fields.s_reserved_gdt_blocks;
  if (inode === undefined || inode.links === 0) {
    findings.expect(reserved === 0, WHERE, "it is not there, though blocks are reserved for it");
    return;
  }
  findings.expect(
    inode.fields.i_mode >= MODE_TYPE.file && inode.type === "file",
    WHERE,
    "it is no regular file",
  );
  const plain = inode.fields.i_flags === 0 && xattrBlock(volume, inode) === 0;
  findings.expect(plain, WHERE, "it has flags or attributes");
  const view = viewOf(inode.fields.i_block);
  for (let i = 0; i < POINTERS; i++) {
    const empty = view.getUint32(i * POINTER_SIZE, true) === 0;
    findings.expect(empty || i === DOUBLY_INDIRECT, WHERE, "it has blocks besides the reserved ones");
  }
  if (!(yield* findings.attemptSteps(checkBlocks(check, inode)))) check.blocksAreComplete = false;
}

function* checkBlocks(check: Check, inode: FileInode): Steps<void> {
  const { volume, findings } = check;
  const root = viewOf(inode.fields.i_block).getUint32(DOUBLY_INDIRECT * POINTER_SIZE, true);
  const pointers = viewOf(volume.block(root, WHERE));
  check.claim(WHERE, root, 1);
  const { reserved, last } = yield* checkReservedBlocks(check, pointers);
  const blocks = 1 + reserved;
  const { blockSize } = volume.superblock;
  const sectors = blocks * (blockSize / SECTOR);
  const stated = statedSectors(volume, inode);
  const pointed = blockSize / POINTER_SIZE;
  const most = (DIRECT_BLOCKS + pointed + pointed ** 2) * blockSize;
  const { size } = inode;
  findings.expect(size <= most, WHERE, `its size is ${size}, more than its mapping reaches`);
  findings.expect(size >= last * blockSize, WHERE, `its size is ${size}, but it has blocks past that`);
  const needed = "which needs the feature large_file";
  findings.expect(size < LARGE_FILE || volume.has("large_file"), WHERE, `its size is ${size}, ${needed}`);
  findings.expect(stated === sectors, WHERE, `i_blocks says ${stated} sectors, its blocks are ${sectors}`);
}

/** What belongs to the inode below its doubly indirect block. */
interface ReservedBlocks {
  /** How many blocks. */
  readonly reserved: number;
  /** The last block of it as a file, where there are copies; else 0. */
  readonly last: number;
}

function* checkReservedBlocks({ volume, findings }: Check, root: DataView): Steps<ReservedBlocks> {
  const { superblock } = volume;
  const { blockSize, descriptorSize, groups, fields } = superblock;
  const perBlock = blockSize / POINTER_SIZE;
  const descriptorBlocks = Math.ceil((groups * descriptorSize) / blockSize);
  const copies: number[] = [];
  for (let group = 1; group < groups; group++) if (hasSuperblock(superblock, group)) copies.push(group);
  const expected = new Uint32Array(perBlock);
  for (let i = 0; i < fields.s_reserved_gdt_blocks; i++) {
    yield;
    const block = firstBlockOf(superblock, 0) + 1 + descriptorBlocks + i;
    expected[(descriptorBlocks + i) % perBlock] = block;
    const wanted = copies.map((group) => block + group * superblock.blocksPerGroup);
    const pointers = viewOf(volume.block(block, WHERE));
    findings.expect(
      holds(pointers, wanted, perBlock),
      `${WHERE}, reserved block ${block}`,
      "its list is wrong",
    );
  }
  findings.expect(holds(root, expected, perBlock), WHERE, "its list of reserved blocks is wrong");
  const lastList = expected.findLastIndex((block) => block !== 0);
  const hasBlocks = lastList >= 0 && copies.length > 0;
  return {
    reserved: fields.s_reserved_gdt_blocks * (1 + copies.length),
    last: hasBlocks ? DIRECT_BLOCKS + perBlock * (1 + lastList) + copies.length - 1 : 0,
  };
}

/** Whether the pointers are these, and zeros after them. */
function holds(pointers: DataView, wanted: ArrayLike<number>, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (pointers.getUint32(i * POINTER_SIZE, true) !== (wanted[i] ?? 0)) return false;
  }
  return true;
}
