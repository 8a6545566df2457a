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
    if (slot === undefined) return new WholeFile(metadata, size, start);
    return start === NOWHERE
      ? new TailFile(metadata, size, slot)
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

/**
 * What all such files have in common, and no field of any. It stands above them, since Bun has each object keep room for
 * as many fields as its own class has accessors; a fifth field would take 16 bytes of each. All that is done to a tree
 * asks for the type: so that is a value, which costs less than a call.
 */
abstract class InOneExtent implements RegularFile {
  abstract metadata: Metadata;
  abstract readonly size: number;
  abstract readonly start: number;
  declare readonly slot?: number;
  declare order: number;
  declare readonly type: "file";

  get extents(): readonly Extent[] {
    if (this.start === NOWHERE) return NO_EXTENTS;
    return [{ logical: 0, physical: this.start, length: blocksInOne(this) }];
  }
}

Object.defineProperty(InOneExtent.prototype, "type", { value: "file" });

/** No extent, or one with all blocks. */
class WholeFile extends InOneExtent {
  metadata: Metadata;
  readonly size: number;
  override order = 0;
  readonly start: number;

  constructor(metadata: Metadata, size: number, start: number) {
    super();
    this.metadata = metadata;
    this.size = size;
    this.start = start;
  }
}

/** One extent with all whole blocks; what is left is in a slot. */
class SlottedFile extends WholeFile {
  override readonly slot: number;

  constructor(metadata: Metadata, size: number, start: number, slot: number) {
    super(metadata, size, start);
    this.slot = slot;
  }
}

abstract class InNoExtent extends InOneExtent {
  get start(): number {
    return NOWHERE;
  }
}

/** No extent: all is in a slot. */
class TailFile extends InNoExtent {
  metadata: Metadata;
  readonly size: number;
  override order = 0;
  override readonly slot: number;

  constructor(metadata: Metadata, size: number, slot: number) {
    super();
    this.metadata = metadata;
    this.size = size;
    this.slot = slot;
  }
}
