/** How the data of each inode is kept. */
import { BLOCK_SIZE, type Extent } from "../../../blocks/blocks.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import type { Cluster } from "../../../blocks/space.ts";
import { assert } from "../../../errors.ts";
import type { RegularFile } from "../../../tree/inode.ts";
import { limitError } from "../../kind/limit-error.ts";
import { BLOCK_MAP_ENTRY_SIZE, largestChunkBits } from "../format/chunk.ts";
import { clusterMapSize } from "./compressed-index.ts";
import type { DataForm, PlannedInode } from "./planned-inode.ts";

/** Addresses of blocks have 32 bits, and the last of them means none. */
export const MOST_BLOCKS = 2 ** 32 - 1;

const NOTHING: DataForm = { kind: "plain", blocks: 0, start: undefined };

/**
 * @param head bytes of the inode and its attributes
 * @param room bytes of the block that its data could go on in, from the inode on
 */
export function dataForm({ node, directory }: PlannedInode, head: number, room: number): DataForm {
  if (directory !== undefined) return placedForm(directory.size, head, room);
  if (node.type === "symlink") return placedForm(node.target.length, head, room);
  return NOTHING;
}

/** Of data that is not in the image yet. */
function placedForm(size: number, head: number, room: number): DataForm {
  const tail = size % BLOCK_SIZE;
  if (tail > 0 && lastOf(head) + tail <= room) {
    return { kind: "inline", blocks: Math.floor(size / BLOCK_SIZE), tail };
  }
  return { kind: "plain", blocks: Math.ceil(size / BLOCK_SIZE), start: undefined };
}

/** Bytes in the last block of what has `head` bytes from a block's start on. */
function lastOf(head: number): number {
  return head <= BLOCK_SIZE ? head : head % BLOCK_SIZE || BLOCK_SIZE;
}

/** @param extents where the contents lie in the end */
export function fileForm(file: RegularFile, extents: readonly Extent[], path: () => string): DataForm {
  const blocks = Math.ceil(file.size / BLOCK_SIZE);
  if (blocks === 0) return NOTHING;
  const { clusters = [] } = file.packed ?? {};
  if (clusters.length > 0) return compressedForm(clusters, extents);
  const merged = normalizeExtents(extents, Number.MAX_SAFE_INTEGER);
  const [first] = merged;
  const last = merged.at(-1);
  assert(last === undefined || last.logical + last.length <= blocks, "a file has extents past its end");
  if (first !== undefined && first.logical === 0 && first.length === blocks) {
    return { kind: "plain", blocks, start: first.physical };
  }
  const bits = chunkBits(merged, blocks);
  if (chunkCount(blocks, bits) <= MOST_BLOCKS) return { kind: "chunks", bits, extents: merged };
  throw limitError(
    path(),
    `a file of ${file.size} bytes; EROFS holds less of one in so small pieces`,
    "remove or shorten the file in the image",
  );
}

function compressedForm(clusters: readonly Cluster[], pieces: readonly Extent[]): DataForm {
  const blocks = clusters.reduce((sum, { stored }) => sum + stored, 0);
  const extents = normalizeExtents(pieces, Number.MAX_SAFE_INTEGER);
  return { kind: "compressed", blocks, index: extents.length === 1 ? "compact" : "full", clusters, extents };
}

/** The largest chunks, as the binary logarithm of their blocks, of which each is in one extent or in none. */
function chunkBits(extents: readonly Extent[], blocks: number): number {
  let bits = Math.min(Math.ceil(Math.log2(blocks)), largestChunkBits(blocks));
  for (const { logical, length } of extents) {
    while (logical % 2 ** bits !== 0) bits--;
    while (logical + length < blocks && (logical + length) % 2 ** bits !== 0) bits--;
  }
  return bits;
}

export function chunkCount(blocks: number, bits: number): number {
  return Math.ceil(blocks / 2 ** bits);
}

/** Bytes behind an inode and its attributes, which have `head` bytes, that say where its data is. */
export function mapSize(form: DataForm, size: number, head: number): number {
  const blocks = Math.ceil(size / BLOCK_SIZE);
  if (form.kind === "compressed") return clusterMapSize(form.index, blocks, head);
  return form.kind === "chunks" ? chunkCount(blocks, form.bits) * BLOCK_MAP_ENTRY_SIZE : 0;
}
