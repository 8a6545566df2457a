/** Contents of files: whole blocks to runs of their own, what is left behind the inode, at once. */
import { BLOCK_SIZE, type Run } from "../../../blocks/blocks.ts";
import { type FileLength, type FilePlace, type Placing, WHOLE_FILE } from "../../../blocks/space.ts";
import { copyBytes } from "../../../memory/copy-bytes.ts";
import { ContentWriter } from "../../../output/content-writer.ts";
import type { ContentSink } from "../../../output/stages.ts";
import type { ComingFile, FileWriter } from "../../kind/file-writer.ts";
import { largestChunkBits } from "../format/chunk.ts";
import { EXTENDED_INODE_SIZE, NO_BLOCK } from "../format/inode.ts";
import { encodeStreamedInode, type StreamedInode } from "./inode-encoding.ts";
import { type OpenBlock, OpenSlots, type SlotBlocks } from "./slots.ts";
import { bodySize, ownXattrs } from "./xattrs.ts";

/** Holes that are kept as room: a file in one run can be read by everything that knows EROFS. */
const MOST_HOLES = 1 << 20;
/** A map of chunks has so many, or so many for each block that comes, whatever is more: at most a quarter of these. */
const LEAST_CHUNKS = 4096;
const CHUNKS_PER_BLOCK = 256;

const IN_ONE_RUN: Placing = { row: WHOLE_FILE, zeros: "kept" };
/** Of a file that is shorter than a block. */
const NOTHING_BEFORE: FilePlace = { extents: [] };

/** A file lies in one run, unless it has large holes: then in chunks, the larger the fewer of them there may be. */
export function placing({ size, stored }: FileLength): Placing {
  if (size - stored <= MOST_HOLES) return IN_ONE_RUN;
  const chunks = Math.max(LEAST_CHUNKS, CHUNKS_PER_BLOCK * Math.ceil(stored / BLOCK_SIZE));
  const blocks = Math.ceil(size / BLOCK_SIZE);
  const bits = Math.min(Math.max(Math.ceil(Math.log2(blocks / chunks)), 0), largestChunkBits(blocks));
  return { row: 2 ** bits, zeros: "kept in rows" };
}

/** The last bytes of a file whose inode they come behind. */
interface Tail extends StreamedInode {
  /** Byte of the file that it begins with. */
  readonly start: number;
  readonly length: number;
}

export class ErofsFileWriter implements FileWriter {
  readonly #rows: ContentWriter;
  readonly #slots: OpenSlots;
  readonly #tailBytes = new Uint8Array(BLOCK_SIZE);
  #tail: Tail | undefined;
  /** Byte of the file that comes next. */
  #at = 0;
  /** Where the whole blocks of the file lie, once it has ended. */
  #place: FilePlace | undefined;
  /** A block with slots that is being written. */
  #full: OpenBlock | undefined;

  constructor(sink: ContentSink, blocks: SlotBlocks) {
    this.#rows = new ContentWriter(sink, placing);
    this.#slots = new OpenSlots(blocks);
  }

  begin(file: ComingFile): void {
    this.#at = 0;
    this.#place = undefined;
    this.#tail = tailOf(file);
    if (this.#tail === undefined) this.#rows.begin(file);
    else {
      const { start, length } = this.#tail;
      this.#tailBytes.fill(0, 0, length);
      if (start === 0) this.#place = NOTHING_BEFORE;
      else this.#rows.begin({ size: start, stored: start });
    }
  }

  seek(offset: number): void {
    this.#at = offset;
    if (this.#place === undefined) this.#rows.seek(Math.min(offset, this.#tail?.start ?? offset));
  }

  write(bytes: Uint8Array): number {
    const tail = this.#tail;
    const ofRows =
      tail === undefined ? bytes.length : Math.max(Math.min(tail.start - this.#at, bytes.length), 0);
    const done = ofRows === 0 ? 0 : this.#rows.write(firstBytes(bytes, ofRows));
    this.#at += done;
    if (tail === undefined || done < ofRows || done === bytes.length) return done;
    copyBytes(this.#tailBytes, this.#at - tail.start, bytes, done, bytes.length);
    this.#at += bytes.length - done;
    return bytes.length;
  }

  end(): FilePlace | undefined {
    this.#place ??= this.#rows.end();
    const place = this.#place;
    const tail = this.#tail;
    if (place === undefined || tail === undefined) return place;
    const head = EXTENDED_INODE_SIZE + bodySize(tail.xattrs);
    const size = head + tail.length;
    if ((this.#full !== undefined || !this.#slots.hasRoom(size)) && !this.#writeFullest()) return undefined;
    const { slot, block, at } = this.#slots.take(size);
    encodeStreamedInode(tail, place.extents[0]?.physical ?? NO_BLOCK, block, at);
    copyBytes(block.bytes, at + head, this.#tailBytes, 0, tail.length);
    return { extents: place.extents, slot };
  }

  flush(): boolean {
    while (this.#full !== undefined || !this.#slots.isEmpty) if (!this.#writeFullest()) return false;
    return this.#rows.flush();
  }

  /** Writes the fullest block with slots; false where there must be room first. */
  #writeFullest(): boolean {
    this.#full ??= this.#slots.takeFullest();
    const place = this.#rows.writeBlock(this.#full.bytes);
    if (place === undefined) return false;
    this.#slots.placed(this.#full, place);
    this.#full = undefined;
    return true;
  }

  get wanted(): number {
    return this.#rows.wanted;
  }

  addArena(run: Run): void {
    this.#rows.addArena(run);
  }

  stageFree(): Promise<void> {
    return this.#rows.stageFree();
  }

  get written(): readonly Run[] {
    return this.#rows.written;
  }

  get unused(): readonly Run[] {
    return this.#rows.unused;
  }
}

function firstBytes(bytes: Uint8Array, length: number): Uint8Array {
  return length === bytes.length ? bytes : bytes.subarray(0, length);
}

/** What of a file comes behind its inode; undefined where nothing does, or it cannot be written yet. */
function tailOf(file: ComingFile): Tail | undefined {
  const { metadata, size } = file;
  const length = size % BLOCK_SIZE;
  if (length === 0 || metadata === undefined || placing(file).zeros !== "kept") return undefined;
  const xattrs = ownXattrs(metadata.xattrs);
  if (xattrs === undefined || EXTENDED_INODE_SIZE + bodySize(xattrs) + length > BLOCK_SIZE) return undefined;
  return { metadata, xattrs, size, start: size - length, length };
}
