/** The table of group descriptors: its first copy, and the others. */
import type { Steps } from "../../../waiting/steps.ts";
import { broken } from "../read/broken.ts";
import {
  descriptorBlock,
  descriptorChecksumIsRight,
  firstBlockOf,
  hasSuperblock,
} from "../read/group-descriptor.ts";
import type { Superblock } from "../read/superblock.ts";
import type { Volume } from "../read/volume.ts";
import { descriptorBlocks } from "./geometry.ts";
import { backupIn } from "./superblock.ts";
import type { Write } from "./write.ts";

/** Blocks of the table, in its order. */
export type Table = readonly Uint8Array[];

/** The table as the filesystem has it. Throws E_INVALID_FILESYSTEM for a descriptor whose checksum is wrong. */
export function* readTable(volume: Volume): Steps<Table> {
  const { superblock } = volume;
  const table: Uint8Array[] = [];
  for (let group = 0; group < superblock.groups; group++) {
    if (!descriptorChecksumIsRight(superblock, group, volume.descriptor(group))) {
      throw broken(`group ${group}`, "its descriptor's checksum is wrong");
    }
    yield;
  }
  for (let index = 0; index < descriptorBlocks(superblock); index++) {
    const block = descriptorBlock(superblock, index);
    table.push(new Uint8Array(volume.block(block, `block ${index} of the group descriptors`)));
    yield;
  }
  return table;
}

/** The table of `grown`: what there was, with these descriptors in it. */
export function tableWith(
  grown: Superblock,
  before: Table,
  descriptors: Iterable<readonly [group: number, bytes: Uint8Array]>,
): Table {
  const { blockSize, descriptorSize } = grown;
  const table = Array.from({ length: descriptorBlocks(grown) }, (_, index) => {
    return before[index] === undefined ? new Uint8Array(blockSize) : new Uint8Array(before[index]);
  });
  const perBlock = blockSize / descriptorSize;
  for (const [group, bytes] of descriptors) {
    table[Math.floor(group / perBlock)]?.set(bytes, (group % perBlock) * descriptorSize);
  }
  return table;
}

/** The first copy of the table. */
export function* firstCopy(superblock: Superblock, table: Table): Generator<Write> {
  for (const [index, bytes] of table.entries()) {
    yield { position: descriptorBlock(superblock, index) * superblock.blockSize, bytes };
  }
}

/** The backups: of the superblock with the table behind it, and of the blocks that lie in the groups they describe. */
export function* backups(superblock: Superblock, table: Table): Generator<Write> {
  const { blockSize, groups } = superblock;
  for (let group = 1; group < groups; group++) {
    let position = firstBlockOf(superblock, group) * blockSize;
    if (hasSuperblock(superblock, group)) {
      yield { position, bytes: backupIn(superblock, group) };
      position += blockSize;
    }
    for (const bytes of copiesIn(superblock, group, table)) {
      yield { position, bytes };
      position += blockSize;
    }
  }
}

/**
 * Blocks of the table of which the group has a backup: all; with meta_bg, those before the first that lies in a group
 * that it describes; of these, the second and the last group have a backup of the one that describes them.
 */
function copiesIn(superblock: Superblock, group: number, table: Table): Table {
  const { features, fields, blockSize, descriptorSize } = superblock;
  const perBlock = blockSize / descriptorSize;
  const index = Math.floor(group / perBlock);
  if (!features.has("meta_bg") || index < fields.s_first_meta_bg) {
    if (!hasSuperblock(superblock, group)) return [];
    return features.has("meta_bg") ? table.slice(0, fields.s_first_meta_bg) : table;
  }
  const place = group % perBlock;
  return place === 1 || place === perBlock - 1 ? table.slice(index, index + 1) : [];
}
