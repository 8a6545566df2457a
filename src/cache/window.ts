import { DirectFile } from "../disk/direct-file.ts";
import { CHUNK_SIZE, giveBack, takeChunk } from "../memory/chunks.ts";
import { Change } from "../waiting/change.ts";
import type { SparedFile } from "./spared-file.ts";

const CHUNKS = 4;
/** Milliseconds that a writer waits at most for a reader that stands still: far less than a connection bears. */
export const PATIENCE = 500;

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
  readonly #file: SparedFile;
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
  readonly #change = new Change();

  /**
   * @param file an empty one
   * @param onWhole is told of each chunk that has become whole
   */
  constructor(file: SparedFile, onWhole: () => void) {
    this.#file = file;
    this.#onWhole = onWhole;
    this.#filling = { start: 0, bytes: takeChunk(), state: "unwritten" };
  }

  /** Bytes that were appended. */
  get length(): number {
    return this.#before + this.#filled;
  }

  /**
   * Takes bytes, for good. No more are to come before the promise resolves, if there is one. Throws, or rejects with,
   * E_NO_SPACE and E_IO, those of earlier bytes too.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    const taken = this.#take(bytes);
    if (taken < bytes.length) return this.#appendRest(bytes, taken);
    giveBack(bytes);
    return undefined;
  }

  /** A reader begins. */
  follow(): void {
    if (this.#follower === "none") this.#follower = "close";
  }

  /** A reader has had everything before `position`. */
  passed(position: number): void {
    this.#read = Math.max(this.#read, position);
    this.#change.tell();
  }

  /** A reader has gone. */
  leave(): void {
    this.#follower = "away";
    this.#change.tell();
  }

  /**
   * The bytes from `position` on, as far as they are in the same chunk, and the reader's own. Undefined if they are in
   * the file.
   */
  bytesAt(position: number): Uint8Array | undefined {
    const isIn = ({ start }: Chunk): boolean => start <= position && position < start + CHUNK_SIZE;
    const chunk = this.#chunks.find(isIn);
    if (chunk !== undefined) return copyOf(chunk.bytes.subarray(position - chunk.start));
    if (this.#filling === undefined || !isIn(this.#filling)) return undefined;
    return copyOf(this.#filling.bytes.subarray(position - this.#filling.start, this.#filled));
  }

  /** Has everything in the file. Throws E_NO_SPACE and E_IO. */
  async finish(): Promise<void> {
    await this.#arrived();
    this.#check();
    if (this.#filling !== undefined) {
      this.#file.write(this.#filling.start, this.#filling.bytes.subarray(0, this.#filled));
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

  async #appendRest(bytes: Uint8Array, alreadyTaken: number): Promise<void> {
    for (let taken = alreadyTaken; taken < bytes.length; taken += this.#take(bytes.subarray(taken))) {
      await this.#room();
    }
    giveBack(bytes);
  }

  #closeChunk(chunk: Chunk): void {
    if (chunk.start === 0) this.#goDirect();
    this.#chunks.push(chunk);
    this.#filling = undefined;
    this.#filled = 0;
    this.#before += CHUNK_SIZE;
    this.#write(chunk);
    this.#onWhole();
  }

  #nextChunk(): Chunk | undefined {
    if (this.#free.length === 0) this.#reclaim();
    const bytes = this.#free.pop();
    return bytes === undefined ? undefined : { start: this.#before, bytes, state: "unwritten" };
  }

  /** Takes back the memory of what has been read and written. */
  #reclaim(): void {
    const isDone = ({ start, state }: Chunk): boolean =>
      start + CHUNK_SIZE <= this.#read && state === "written";
    for (const chunk of this.#chunks.filter(isDone)) this.#drop(chunk);
  }

  #drop(chunk: Chunk): void {
    this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
    // The first one's memory came before the rest, and may be none that can be written directly.
    if (chunk.start === 0) giveBack(chunk.bytes);
    else this.#free.push(chunk.bytes);
  }

  /** Resolves when there is memory for another chunk. */
  async #room(): Promise<void> {
    for (;;) {
      this.#reclaim();
      this.#check();
      const [oldest] = this.#chunks;
      if (this.#free.length > 0 || oldest === undefined) return;
      const isRead = oldest.start + CHUNK_SIZE <= this.#read;
      if (this.#follower === "close" && !isRead) {
        if (!(await this.#change.within(PATIENCE))) this.#follower = "away";
      } else if (oldest.state === "written") this.#drop(oldest);
      // As long as the disk has it, others of them may be written already.
      else await this.#change.next();
    }
  }

  /** Only now: most blobs are small. Trying the memory out writes to the first page, which is written after that. */
  #goDirect(): void {
    const memory = this.#directMemory() ?? new Uint8Array(CHUNKS * CHUNK_SIZE);
    for (let at = 0; at < memory.length; at += CHUNK_SIZE)
      this.#free.push(memory.subarray(at, at + CHUNK_SIZE));
  }

  #directMemory(): Uint8Array | undefined {
    // The file may have no name any more.
    const direct = DirectFile.open(`/proc/self/fd/${this.#file.fd}`);
    let memory: Uint8Array | undefined;
    try {
      memory = direct?.memory(CHUNKS * CHUNK_SIZE);
    } catch {
      // Writing the first chunk will tell.
    }
    if (memory === undefined) direct?.close();
    else this.#direct = direct;
    return memory;
  }

  #write(chunk: Chunk): void {
    if (this.#direct === undefined || !this.#file.isWhole || chunk.start === 0) {
      this.#file.write(chunk.start, chunk.bytes);
      chunk.state = "written";
      return;
    }
    chunk.state = "under way";
    void this.#writeLater(this.#direct, chunk);
  }

  async #writeLater(direct: DirectFile, chunk: Chunk): Promise<void> {
    try {
      await this.#writeDirectly(direct, chunk);
    } catch (error) {
      this.#failure ??= { error };
    }
    chunk.state = "written";
    this.#change.tell();
  }

  async #writeDirectly(direct: DirectFile, { start, bytes }: Chunk): Promise<void> {
    try {
      if (await direct.write(start, bytes)) return;
    } catch (error) {
      this.#file.writeAfter(error, start, bytes);
      return;
    }
    this.#file.write(start, bytes);
  }

  async #arrived(): Promise<void> {
    while (this.#chunks.some(({ state }) => state === "under way")) await this.#change.next();
  }

  #forget(): void {
    this.#before = this.length;
    this.#filled = 0;
    this.#filling = undefined;
    this.#chunks = [];
    this.#free = [];
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
