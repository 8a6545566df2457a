import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { type Piece, zeroPieces } from "../../../blocks/piece-buffer.ts";
import { filesystemSeed } from "../format/checksum.ts";
import { SUPERBLOCK_OFFSET } from "../format/superblock.ts";
import { emitBitmaps } from "./emit-bitmaps.ts";
import { emitDescriptors } from "./emit-descriptors.ts";
import { emitInodeTables } from "./emit-inode-tables.ts";
import { emitTree } from "./emit-tree.ts";
import { BLOCKS_PER_GROUP, superblockGroups } from "./geometry.ts";
import { encodeJournalSuperblock } from "./journal.ts";
import type { Ext4Plan } from "./plan.ts";
import { encodeSuperblock, sealSuperblock } from "./superblock.ts";

export type { Piece } from "../../../blocks/piece-buffer.ts";

/**
 * Every byte of the filesystem that is not file content, in pieces of up to 1 MiB: metadata, and zeros over contents
 * that no file has any more. Those zeros come first: they are ready, and can be on their way to the disk while the
 * rest is made. No byte comes twice. What neither comes here nor holds contents reads as zeros in a
 * fresh sparse file, and must. Contents at or past the filesystem's end are not covered: cut them off.
 */
export function* emitExt4(plan: Ext4Plan): Generator<Piece> {
  const seed = plan.variant.checksums ? filesystemSeed(plan.options.uuid) : undefined;
  yield* zeroPieces(plan.placement.stale);
  yield* emitTree(plan, seed);
  yield* emitJournal(plan);
  yield* emitInodeTables(plan, seed);
  const checksums = yield* emitBitmaps(plan, seed);
  yield* emitDescriptors(plan, checksums, seed);
  yield* emitSuperblocks(plan);
}

function* emitJournal({ placement: { journal }, options }: Ext4Plan): Generator<Piece> {
  const [first] = journal.extents;
  if (first === undefined) return;
  const bytes = new Uint8Array(BLOCK_SIZE);
  encodeJournalSuperblock(journal, options.uuid, bytes);
  yield { position: first.physical * BLOCK_SIZE, bytes };
}

function* emitSuperblocks(plan: Ext4Plan): Generator<Piece> {
  const bytes = encodeSuperblock(plan);
  for (const group of superblockGroups(plan.groups)) {
    const position = group === 0 ? SUPERBLOCK_OFFSET : group * BLOCKS_PER_GROUP * BLOCK_SIZE;
    yield { position, bytes: sealSuperblock(bytes, group, plan.variant) };
  }
}
