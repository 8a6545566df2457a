/** Contents of files by way of compression: each waits its turn there, and is placed in the order it came in. */
import { BLOCK_SIZE, type Run } from "../../../blocks/blocks.ts";
import type { Cluster, FilePlace } from "../../../blocks/space.ts";
import { assert } from "../../../errors.ts";
import { copyBytes } from "../../../memory/copy-bytes.ts";
import type { ComingFile, FileWriter } from "../../kind/file-writer.ts";
import type { BatchMemory, Packer, Packing } from "../../kind/packing.ts";
import { Batch, batchBlocks } from "./batch.ts";
import { PackedFile } from "./packed-file.ts";

const NO_CLUSTERS: readonly Cluster[] = [];

/** Batches of one stream: one is filled, the others are compressed or on their way to the image. */
const MOST_BATCHES = 6;

/** Contents of one file in a batch. */
interface Piece {
  readonly file: PackedFile;
  /** Where it begins in the batch, in blocks. */
  readonly block: number;
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
  /** Most bytes that it takes. */
  readonly most: number;
  bytes: number;
  /** Whether the batch says what became of it. */
  isPacked: boolean;
  isLast: boolean;
}

interface Slot {
  readonly memory: BatchMemory;
  readonly batch: Batch;
  pieces: Piece[];
  /** Blocks that pieces have. */
  filled: number;
  /** As long as it is being packed. */
  packing: Promise<void> | undefined;
}

/**
 * Gathers contents in batches, has these compressed, and gives what comes of it to another writer, strictly in order:
 * places follow from contents alone, however fast whoever compresses. Where a file lies is known once all is flushed.
 */
export class PackedFileWriter implements FileWriter {
  readonly #files: FileWriter;
  readonly #packer: Packer;
  readonly #blocks: number;
  readonly #free: Slot[] = [];
  #slots = 0;
  /** Those whose contents are not placed yet, in order. */
  readonly #queue: Slot[] = [];
  /** What is left to do for the first of them, once that was begun. */
  #placing: Generator<void> | undefined;
  /** The one that is being filled. */
  #open: Slot | undefined;
  #piece: Piece | undefined;
  #file: PackedFile | undefined;
  /** Byte of the file that comes next. */
  #at = 0;
  /** Whether a piece has the file's last byte. */
  #isWhole = false;
  #failure: { readonly error: unknown } | undefined;

  /** @param files takes files that are as they are, and compressed clusters as if they were files */
  constructor(files: FileWriter, packing: Packing, packer: Packer) {
    this.#files = files;
    this.#packer = packer;
    this.#blocks = batchBlocks(packing);
  }

  begin(file: ComingFile): void {
    assert(this.#piece === undefined, "a file was begun before the last one ended");
    this.#file = new PackedFile(file);
    this.#at = 0;
    this.#isWhole = file.size === 0;
  }

  seek(offset: number): void {
    if (offset === this.#at) return;
    assert(this.#file?.mayShrink !== true, "a file that was to have no holes has one");
    this.#closePiece();
    this.#at = offset;
  }

  write(bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      const piece = this.#piece ?? this.#newPiece();
      if (piece === undefined) return done;
      const slot = this.#open;
      assert(slot !== undefined, "a piece is open in no batch");
      const end = Math.min(done + piece.most - piece.bytes, bytes.length);
      copyBytes(slot.batch.input, piece.block * BLOCK_SIZE + piece.bytes, bytes, done, end);
      piece.bytes += end - done;
      this.#at += end - done;
      done = end;
      if (piece.bytes === piece.most) this.#closePiece();
    }
    return done;
  }

  end(): FilePlace | undefined {
    const file = this.#file;
    assert(file !== undefined, "a file was ended before it was begun");
    assert(!file.mayShrink || this.#at === file.coming.size, "a file that was to have no holes ends early");
    this.#closePiece();
    // Contents that end with a hole end with a piece of nothing.
    if (!this.#isWhole) {
      const piece = this.#newPiece();
      if (piece === undefined) return undefined;
      piece.isLast = true;
      this.#piece = undefined;
    }
    this.#file = undefined;
    return file.place;
  }

  flush(): boolean {
    if (this.#open !== undefined) this.#dispatch(this.#open);
    this.#placeMore();
    return this.#queue.length === 0 && this.#files.flush();
  }

  get wanted(): number {
    return this.#isPacking ? 0 : this.#files.wanted;
  }

  addArena(run: Run): void {
    this.#files.addArena(run);
  }

  async stageFree(): Promise<void> {
    if (this.#isPacking) await this.#queue[0]?.packing;
    else await this.#files.stageFree();
  }

  /** Whether what comes next to be placed is being packed; else it is room that is wanted, if anything is. */
  get #isPacking(): boolean {
    return this.#queue[0]?.packing !== undefined;
  }

  get written(): readonly Run[] {
    return this.#files.written;
  }

  get unused(): readonly Run[] {
    return this.#files.unused;
  }

  /** Begins a piece of the file where it goes on; undefined where there must be room first. */
  #newPiece(): Piece | undefined {
    const file = this.#file;
    assert(file !== undefined, "contents came without a file");
    // Where a file is cut follows from its length alone.
    const whole = Math.min(Math.ceil((file.coming.size - this.#at) / BLOCK_SIZE), this.#blocks);
    const needed = file.mayShrink ? whole : 1;
    if (this.#open !== undefined && this.#open.filled + needed > this.#blocks) this.#dispatch(this.#open);
    this.#open ??= this.#takeSlot();
    const slot = this.#open;
    if (slot === undefined) return undefined;
    const block = slot.filled;
    const most = (file.mayShrink ? whole : this.#blocks - block) * BLOCK_SIZE;
    this.#piece = { file, block, offset: this.#at, most, bytes: 0, isPacked: false, isLast: false };
    slot.pieces.push(this.#piece);
    return this.#piece;
  }

  #closePiece(): void {
    const piece = this.#piece;
    const slot = this.#open;
    if (piece === undefined || slot === undefined) return;
    this.#piece = undefined;
    const { file, block, bytes } = piece;
    slot.filled = block + Math.ceil(bytes / BLOCK_SIZE);
    slot.batch.input.fill(0, block * BLOCK_SIZE + bytes, slot.filled * BLOCK_SIZE);
    piece.isPacked = file.isPlain !== true;
    slot.batch.add(bytes, piece.isPacked);
    piece.isLast = this.#at === file.coming.size;
    this.#isWhole = piece.isLast;
    if (slot.filled === this.#blocks) this.#dispatch(slot);
  }

  #takeSlot(): Slot | undefined {
    if (this.#free.length === 0 && this.#slots === MOST_BATCHES) this.#placeMore();
    const slot = this.#free.pop();
    if (slot !== undefined || this.#slots === MOST_BATCHES) return slot;
    this.#slots++;
    const memory = this.#packer.memory(Batch.size(this.#blocks));
    return { memory, batch: new Batch(memory, this.#blocks), pieces: [], filled: 0, packing: undefined };
  }

  /** Has the batch packed that was being filled. */
  #dispatch(slot: Slot): void {
    this.#open = undefined;
    this.#queue.push(slot);
    if (slot.pieces.some(({ isPacked }) => isPacked)) {
      slot.packing = this.#packer.pack(slot.memory)?.then(
        () => {
          slot.packing = undefined;
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      );
    }
    this.#placeMore();
  }

  /** Places what is packed, as far as there is room. */
  #placeMore(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    for (let slot = this.#queue[0]; slot !== undefined && slot.packing === undefined; slot = this.#queue[0]) {
      this.#placing ??= this.#place(slot);
      if (this.#placing.next().done !== true) return;
      this.#placing = undefined;
      this.#queue.shift();
      slot.batch.clear();
      slot.pieces = [];
      slot.filled = 0;
      this.#free.push(slot);
    }
  }

  /** Each `yield` is for want of room. */
  *#place({ batch, pieces }: Slot): Generator<void> {
    let output = 0;
    for (const piece of pieces) {
      const { file } = piece;
      const clusters = piece.isPacked ? batch.clusters(piece.block, piece.bytes) : NO_CLUSTERS;
      file.isPlain ??= !clusters.some(isCompressed);
      if (file.isPlain) yield* this.#placePlain(piece, batch);
      else yield* this.#placeClusters(piece, batch, clusters, output);
      for (const cluster of clusters) output += isCompressed(cluster) ? cluster.stored * BLOCK_SIZE : 0;
    }
  }

  *#placePlain({ file, block, offset, bytes, isLast }: Piece, { input }: Batch): Generator<void> {
    if (!file.isBegun) this.#files.begin(file.coming);
    file.isBegun = true;
    if (bytes > 0) {
      this.#files.seek(offset);
      const contents = input.subarray(block * BLOCK_SIZE, block * BLOCK_SIZE + bytes);
      const done = this.#files.write(contents);
      if (done < bytes) yield* this.#writeRest(contents, done);
    }
    if (isLast) file.settlePlain(this.#files.end() ?? (yield* this.#end()));
  }

  /** @param output byte of the batch's output that they begin at there */
  *#placeClusters(
    { file, block }: Piece,
    batch: Batch,
    clusters: readonly Cluster[],
    output: number,
  ): Generator<void> {
    let from = block * BLOCK_SIZE;
    let packed = output;
    for (const cluster of clusters) {
      const size = cluster.stored * BLOCK_SIZE;
      this.#files.begin({ size, stored: size });
      const isPacked = isCompressed(cluster);
      const stored = isPacked
        ? batch.output.subarray(packed, packed + size)
        : batch.input.subarray(from, from + size);
      const done = this.#files.write(stored);
      if (done < size) yield* this.#writeRest(stored, done);
      file.addCluster(cluster, this.#files.end() ?? (yield* this.#end()));
      if (isPacked) packed += size;
      from += cluster.blocks * BLOCK_SIZE;
    }
  }

  /** Writes what there was no room for after `done` bytes. */
  *#writeRest(bytes: Uint8Array, done: number): Generator<void> {
    for (let at = done; at < bytes.length; at += this.#files.write(bytes.subarray(at))) yield;
  }

  /** Ends a file that there was no room to end. */
  *#end(): Generator<void, FilePlace> {
    for (;;) {
      yield;
      const place = this.#files.end();
      if (place !== undefined) return place;
    }
  }
}

function isCompressed({ blocks, stored }: Cluster): boolean {
  return stored < blocks;
}
