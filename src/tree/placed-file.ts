/**
 * Files whose contents have their places, in few bytes: an image may have millions, and nearly all lie in one extent
 * that has every block of theirs. Only of the others the extents are kept.
 */
import { BLOCK_SIZE } from "../blocks/blocks.ts";
import type { FilePlace } from "../blocks/space.ts";
import type { Extent, Metadata, RegularFile } from "./inode.ts";

const NO_EXTENTS: readonly Extent[] = [];
/** The beginning of no extent. */
export const NOWHERE = -1;

/** A file of `size` bytes at such a place. */
export function placedFile(metadata: Metadata, size: number, place: FilePlace): RegularFile {
  const { extents, slot, packed } = place;
  if (packed === undefined && isPlain(extents, blocksInOne({ size, slot }))) {
    const start = extents[0]?.physical ?? NOWHERE;
    return slot === undefined
      ? new WholeFile(metadata, size, start)
      : new SlottedFile(metadata, size, start, slot);
  }
  return { type: "file", metadata, size, extents, slot, packed, order: 0 };
}

/** Whether there is no extent, or one of so many blocks from the file's beginning. */
function isPlain(extents: readonly Extent[], blocks: number): boolean {
  const [first] = extents;
  return first === undefined || (extents.length === 1 && first.logical === 0 && first.length === blocks);
}

/** Blocks of the only extent of a file that has `start`. */
export function blocksInOne({ size, slot }: Pick<RegularFile, "size" | "slot">): number {
  return slot === undefined ? Math.ceil(size / BLOCK_SIZE) : Math.floor(size / BLOCK_SIZE);
}

/** No extent, or one with all blocks. */
class WholeFile implements RegularFile {
  readonly type = "file";
  metadata: Metadata;
  readonly size: number;
  order = 0;
  readonly start: number;

  constructor(metadata: Metadata, size: number, start: number) {
    this.metadata = metadata;
    this.size = size;
    this.start = start;
  }

  get extents(): readonly Extent[] {
    if (this.start === NOWHERE) return NO_EXTENTS;
    return [{ logical: 0, physical: this.start, length: blocksInOne(this) }];
  }
}

/** No extent, or one with all whole blocks; what is left is in a slot. */
class SlottedFile extends WholeFile {
  readonly slot: number;

  constructor(metadata: Metadata, size: number, start: number, slot: number) {
    super(metadata, size, start);
    this.slot = slot;
  }
}
