import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { type Piece, PieceBuffer, zeroPieces } from "../../../blocks/piece-buffer.ts";
import type { RegularFile } from "../../../tree/inode.ts";
import { EXTENDED_INODE, EXTENDED_INODE_SIZE, NO_BLOCK } from "../format/inode.ts";
import { encodeData, encodeInode, encodeStreamedInode } from "./inode-encoding.ts";
import type { MetadataRun } from "./layout.ts";
import { type ErofsPlan, positionOf } from "./plan.ts";
import { sealFirstBlock } from "./superblock.ts";
import { bodySize, encodeShared, NO_ATTRIBUTES, ownXattrs } from "./xattrs.ts";

/**
 * Every byte of the filesystem that is not file content, in pieces of up to 1 MiB where nothing longer is whole:
 * metadata, and before it zeros over contents that no file has any more. No byte comes twice. What neither comes here
 * nor holds contents reads as zeros in a fresh sparse file, and must.
 */
export function* emitErofs(plan: ErofsPlan): Generator<Piece> {
  yield* zeroPieces(plan.placement.stale);
  const buffer = new PieceBuffer();
  for (const [index, run] of plan.layout.runs.entries()) {
    const start = plan.placement.starts[index] ?? 0;
    // Shared attributes and an inode with many can straddle blocks in any way: they are made in one.
    if (run.kind === "data") yield* emitData(plan, run.inode, start, run.blocks, buffer);
    else if (run.blocks === 1) {
      if (!buffer.accepts(start)) yield* buffer.take();
      encodeRun(plan, run, buffer.add(start));
    } else {
      yield* buffer.take();
      const bytes = new Uint8Array(run.blocks * BLOCK_SIZE);
      encodeRun(plan, run, bytes);
      yield { position: start * BLOCK_SIZE, bytes };
    }
  }
  yield* buffer.take();
  yield* emitDeadBytes(plan);
  yield* emitChanges(plan);
}

/** Zeros over what no file has any more, in blocks that others have. */
function* emitDeadBytes({ deadBytes, slotPlaces }: ErofsPlan): Generator<Piece> {
  const zeros = new Uint8Array(BLOCK_SIZE);
  for (const { block, offset, length } of deadBytes) {
    const position = (slotPlaces[block] ?? 0) * BLOCK_SIZE + offset;
    yield { position, bytes: zeros.subarray(0, length) };
  }
}

/**
 * What is not as it was when inodes were written with their contents: where these lie, how many names there are, and
 * what was changed since.
 */
function* emitChanges(plan: ErofsPlan): Generator<Piece> {
  const word = new Uint8Array(4);
  const view = viewOf(word);
  const { inodes } = plan.namespace;
  for (let index = 0; index < inodes.length; index++) {
    if (inodes.slot(index) === undefined) continue;
    const file = inodes.node(index);
    if (file?.type !== "file") continue;
    const links = inodes.links(index);
    const start = plan.moved.get(index)?.[0]?.physical;
    if (file.isChanged !== true && start === undefined && links === 1) continue;
    const position = positionOf(plan, index);
    if (file.isChanged === true) {
      yield { position, bytes: streamedHead(file, links, start ?? file.extents[0]?.physical) };
      continue;
    }
    if (start !== undefined) {
      view.setUint32(0, start, true);
      yield { position: position + EXTENDED_INODE.i_u.offset, bytes: word };
    }
    if (links !== 1) {
      view.setUint32(0, links, true);
      yield { position: position + EXTENDED_INODE.i_nlink.offset, bytes: word };
    }
  }
}

/** The inode and the attributes of a file whose last bytes lie behind them already. */
function streamedHead({ metadata, size }: RegularFile, links: number, start = NO_BLOCK): Uint8Array {
  const xattrs = ownXattrs(metadata.xattrs) ?? NO_ATTRIBUTES;
  const bytes = new Uint8Array(EXTENDED_INODE_SIZE + bodySize(xattrs));
  const view = viewOf(bytes);
  encodeStreamedInode({ metadata, xattrs, size }, start, { bytes, view }, 0);
  EXTENDED_INODE.i_nlink.put(view, 0, links);
  return bytes;
}

function* emitData(
  plan: ErofsPlan,
  index: number,
  start: number,
  blocks: number,
  buffer: PieceBuffer,
): Generator<Piece> {
  const planned = plan.namespace.inodes.at(index);
  for (let block = 0; planned !== undefined && block < blocks; block++) {
    if (!buffer.accepts(start + block)) yield* buffer.take();
    encodeData(plan, planned, block, buffer.add(start + block));
  }
}

function encodeRun(plan: ErofsPlan, run: MetadataRun, bytes: Uint8Array): void {
  if (run.kind === "xattrs") encodeShared(plan.namespace.sharedXattrs, bytes);
  else if (run.kind === "inodes") {
    for (const index of run.inodes) {
      encodeInode(plan, index, bytes, plan.layout.inodes.get(index)?.slot.offset ?? 0);
    }
    if (run === plan.layout.runs[0]) sealFirstBlock(plan, bytes);
  }
}
