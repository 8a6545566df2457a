/** The numbers of inodes: where each lies, counted in inodes from the filesystem's beginning. */
import { INODES_PER_CHUNK } from "../format/inode.ts";
import { INODES_PER_BLOCK } from "./geometry.ts";
import { slotOf } from "./planned-inode.ts";

/** The number of an inode of the namespace. `chunks`: the first block of each. */
export function inodeNumber(chunks: readonly number[], index: number): number {
  return slotNumber(chunks, slotOf(index));
}

/** The number of an inode by its place among all. */
export function slotNumber(chunks: readonly number[], slot: number): number {
  const chunk = chunks[Math.floor(slot / INODES_PER_CHUNK)] ?? 0;
  return chunk * INODES_PER_BLOCK + (slot % INODES_PER_CHUNK);
}
