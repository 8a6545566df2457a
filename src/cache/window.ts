import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { DirectFile } from "../disk/direct-file.ts";
import { CHUNK_SIZE, giveBack, takeChunk } from "../memory/chunks.ts";

const CHUNKS = 4;
/** Milliseconds that the writer waits at most for a reader that stands still: far less than a connection bears. */
const PATIENCE = 500;

interface Chunk {
  /** Its place in the file. */
  readonly start: number;
  readonly bytes: Uint8Array;
  state: "unwritten" | "under way" | "written";
}

/**
 * The end of a file that is written from its beginning on: as much of it as is in memory. A reader that follows finds
 * the bytes there, and the writer waits a little for one that falls behind; for one that stands still it does not.
 * What goes to the disk goes past the page cache where the system lets it, for it may be as large as an image.
 */
export class Window {
  readonly #fd: number;
  readonly #keep: boolean;
  readonly #onWhole: () => void;
  #direct: DirectFile | undefined;
  /** Memory that is kept to be written from. */
  #free: Uint8Array[] = [];
  /** Whole ones, in the file's order. */
  #chunks: Chunk[] = [];
  #filling: Chunk | undefined;
  #filled = 0;
  /** Bytes before the chunk in hand. */
  #before = 0;
  /** How far a reader has come. */
  #read = 0;
  #follower: "none" | "close" | "away" = "none";
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #change: Promise<void> = Promise.resolve();

  /**
   * @param fd for reading and writing of an empty file
   * @param keep whether all bytes are to be in the file, also those that its reader has had; else it has but one
   * @param onWhole is told of each chunk that has become whole
   */
  constructor(fd: number, keep: boolean, onWhole: () => void) {
    this.#fd = fd;
    this.#keep = keep;
    this.#onWhole = onWhole;
    this.#filling = { start: 0, bytes: takeChunk(), state: "unwritten" };
    this.#changed();
  }

  /** Bytes that were appended. */
  get length(): number {
    return this.#before + this.#filled;
  }

  /**
   * Adds bytes, which are the caller's again when it returns nothing, or when the promise resolves. Throws, or rejects
   * with, system errors, those of earlier bytes too.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    const taken = this.#take(bytes);
    return taken === bytes.length ? undefined : this.#appendRest(bytes.subarray(taken));
  }

  /** A reader begins. */
  follow(): void {
    if (this.#follower === "none") this.#follower = "close";
  }

  /** A reader has had everything before `position`. */
  passed(position: number): void {
    this.#read = Math.max(this.#read, position);
    this.#changed();
  }

  /** A reader has gone. */
  leave(): void {
    this.#follower = "away";
    this.#changed();
  }

  /**
   * The bytes from `position` on, as far as they are in the same chunk, and the reader's own: the chunk itself where
   * nobody else wants it, else a copy. Undefined if they are in the file.
   */
  bytesAt(position: number): Uint8Array | undefined {
    const isIn = ({ start }: Chunk): boolean => start <= position && position < start + CHUNK_SIZE;
    const chunk = this.#chunks.find(isIn);
    if (!this.#keep && chunk?.start === position && chunk.state !== "under way") {
      this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
      return chunk.bytes;
    }
    if (chunk !== undefined) return copyOf(chunk.bytes.subarray(position - chunk.start));
    if (this.#filling === undefined || !isIn(this.#filling)) return undefined;
    return copyOf(this.#filling.bytes.subarray(position - this.#filling.start, this.#filled));
  }

  /** Has everything in the file that is to be there, or that nobody is about to read. Throws system errors. */
  async finish(): Promise<void> {
    if (!this.#keep && this.#follower !== "none") return;
    for (const chunk of this.#chunks) if (chunk.state === "unwritten") this.#write(chunk);
    await this.#arrived();
    this.#check();
    if (this.#filling !== undefined) {
      this.#writeNow(this.#filling.start, this.#filling.bytes.subarray(0, this.#filled));
    }
    if (this.#follower === "none") this.#forget();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#arrived();
    this.#forget();
    this.#direct?.close();
    this.#direct = undefined;
  }

  /** Takes as many bytes as there is memory for. */
  #take(bytes: Uint8Array): number {
    this.#check();
    let taken = 0;
    while (taken < bytes.length) {
      this.#filling ??= this.#nextChunk();
      if (this.#filling === undefined) break;
      const part = bytes.subarray(taken, taken + CHUNK_SIZE - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === CHUNK_SIZE) this.#closeChunk(this.#filling);
    }
    return taken;
  }

  async #appendRest(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; taken += this.#take(bytes.subarray(taken))) {
      await this.#room();
    }
  }

  #closeChunk(chunk: Chunk): void {
    if (chunk.start === 0) this.#goDirect();
    this.#chunks.push(chunk);
    this.#filling = undefined;
    this.#filled = 0;
    this.#before += CHUNK_SIZE;
    if (this.#keep || this.#follower !== "close") this.#write(chunk);
    this.#onWhole();
  }

  #nextChunk(): Chunk | undefined {
    if (!this.#hasMemory()) this.#reclaim();
    if (!this.#hasMemory()) return undefined;
    const bytes = this.#free.pop() ?? takeChunk();
    return { start: this.#before, bytes, state: "unwritten" };
  }

  /** What a reader may have is taken from the stock, for it does not come back. */
  #hasMemory(): boolean {
    return this.#keep ? this.#free.length > 0 : this.#chunks.length < CHUNKS;
  }

  /** Takes back the memory of what has been read and need not be written any more. */
  #reclaim(): void {
    const isDone = ({ start, state }: Chunk): boolean =>
      start + CHUNK_SIZE <= this.#read && (state === "written" || (state === "unwritten" && !this.#keep));
    for (const chunk of this.#chunks.filter(isDone)) this.#drop(chunk);
  }

  #drop(chunk: Chunk): void {
    this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
    // The first one's memory came before the rest, and may be none that can be written directly.
    if (!this.#keep || chunk.start === 0) giveBack(chunk.bytes);
    else this.#free.push(chunk.bytes);
  }

  /** Resolves when there is memory for another chunk. */
  async #room(): Promise<void> {
    for (;;) {
      this.#reclaim();
      this.#check();
      const [oldest] = this.#chunks;
      if (this.#hasMemory() || oldest === undefined) return;
      const isRead = oldest.start + CHUNK_SIZE <= this.#read;
      if (this.#follower === "close" && !isRead) {
        if (!(await this.#changesSoon())) this.#follower = "away";
      } else if (oldest.state === "written") this.#drop(oldest);
      else await this.#writeOldest(oldest);
    }
  }

  async #writeOldest(chunk: Chunk): Promise<void> {
    if (chunk.state === "unwritten") this.#write(chunk);
    // As long as the disk has it, others of them may be written already.
    if (chunk.state === "under way") await this.#change;
  }

  /** False if nothing has changed for too long. */
  async #changesSoon(): Promise<boolean> {
    const enough = new AbortController();
    const changed = this.#change.then(() => true);
    const waited = delay(PATIENCE, false, { signal: enough.signal }).catch(() => true);
    try {
      return await Promise.race([changed, waited]);
    } finally {
      enough.abort();
    }
  }

  /** Only now: most blobs are small. Trying the memory out writes to the first page, which is written after that. */
  #goDirect(): void {
    // The file may have no name any more.
    this.#direct = DirectFile.open(`/proc/self/fd/${this.#fd}`);
    // A reader's memory is tried out when it is written from.
    if (!this.#keep) return;
    const direct = this.#direct?.memory(CHUNKS * CHUNK_SIZE);
    if (direct === undefined) {
      this.#direct?.close();
      this.#direct = undefined;
    }
    const memory = direct ?? new Uint8Array(CHUNKS * CHUNK_SIZE);
    for (let at = 0; at < memory.length; at += CHUNK_SIZE)
      this.#free.push(memory.subarray(at, at + CHUNK_SIZE));
  }

  #write(chunk: Chunk): void {
    if (this.#direct === undefined || chunk.start === 0) {
      this.#writeNow(chunk.start, chunk.bytes);
      chunk.state = "written";
      return;
    }
    chunk.state = "under way";
    void this.#writeLater(this.#direct, chunk);
  }

  async #writeLater(direct: DirectFile, chunk: Chunk): Promise<void> {
    try {
      if (!(await direct.write(chunk.start, chunk.bytes))) this.#writeNow(chunk.start, chunk.bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
    chunk.state = "written";
    this.#changed();
  }

  #writeNow(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    }
  }

  async #arrived(): Promise<void> {
    while (this.#chunks.some(({ state }) => state === "under way")) await this.#change;
  }

  #forget(): void {
    this.#before = this.length;
    this.#filled = 0;
    this.#filling = undefined;
    this.#chunks = [];
    this.#free = [];
  }

  #changed(): void {
    this.#wake();
    this.#change = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = takeChunk();
  copy.set(bytes);
  return copy.subarray(0, bytes.length);
}
