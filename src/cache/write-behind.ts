import { writeSync } from "node:fs";
import { DirectFile } from "../disk/direct-file.ts";
import { CHUNK_SIZE } from "../memory/chunks.ts";

/** Chunks in memory: one that is filled, the others on their way. */
const CHUNKS = 4;

interface Chunk {
  /** Its place in the file. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * A file written from its beginning to its end, a chunk at a time and behind the writer's back: past the page cache
 * where the system lets it, for it may be as large as an image. Whoever follows closely finds the bytes still in memory.
 * Where the disk does not keep up, or cannot be written like that, a chunk is written in the ordinary way at once.
 */
export class WriteBehind {
  readonly #fd: number;
  #direct: DirectFile | undefined;
  #free: Uint8Array[] = [];
  #filling: Chunk = { start: 0, bytes: Buffer.allocUnsafeSlow(CHUNK_SIZE) };
  #filled = 0;
  /** In the file's order. */
  readonly #underWay: Chunk[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** The descriptor is for reading and writing of an empty file. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bytes that were appended. */
  get length(): number {
    return this.#filling.start + this.#filled;
  }

  /** Adds bytes, which are the caller's again afterwards. Throws system errors, those of earlier bytes too. */
  append(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + CHUNK_SIZE - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === CHUNK_SIZE) this.#ship();
    }
  }

  /**
   * The bytes from `position` on, up to the next multiple of CHUNK_SIZE at most: a copy of them if they are still in
   * memory, else how many of them there are in the file.
   */
  peek(position: number): Uint8Array | number {
    const chunk =
      position >= this.#filling.start
        ? this.#filling
        : this.#underWay.find(({ start }) => start <= position && position < start + CHUNK_SIZE);
    if (chunk === undefined) {
      return Math.min(CHUNK_SIZE - (position % CHUNK_SIZE), this.length - position);
    }
    const end = chunk === this.#filling ? this.#filled : CHUNK_SIZE;
    return new Uint8Array(chunk.bytes.subarray(position - chunk.start, end));
  }

  /** Has everything in the file. Throws system errors. */
  async finish(): Promise<void> {
    await this.#arrived();
    this.#check();
    this.#writeNow(this.#filling.start, this.#filling.bytes.subarray(0, this.#filled));
    this.#filling = { start: this.length, bytes: this.#filling.bytes };
    this.#filled = 0;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#arrived();
    this.#direct?.close();
    this.#direct = undefined;
  }

  #ship(): void {
    this.#check();
    const chunk = this.#filling;
    const next = this.#free.pop();
    if (this.#direct !== undefined && next !== undefined) {
      this.#underWay.push(chunk);
      void this.#writeLater(this.#direct, chunk);
    } else {
      this.#writeNow(chunk.start, chunk.bytes);
      if (chunk.start === 0) this.#goDirect();
      else this.#free.push(chunk.bytes);
    }
    const bytes = next ?? this.#free.pop() ?? chunk.bytes;
    this.#filling = { start: chunk.start + CHUNK_SIZE, bytes };
    this.#filled = 0;
  }

  /** Only now: most blobs are small. Trying the memory out writes to the first page, which is in the page cache again. */
  #goDirect(): void {
    const head = this.#filling.bytes;
    // The file may have no name any more.
    this.#direct = DirectFile.open(`/proc/self/fd/${this.#fd}`);
    const memory = this.#direct?.memory(CHUNKS * CHUNK_SIZE);
    this.#writeNow(0, head);
    if (memory === undefined) {
      this.#direct?.close();
      this.#direct = undefined;
      return;
    }
    for (let at = 0; at < memory.length; at += CHUNK_SIZE)
      this.#free.push(memory.subarray(at, at + CHUNK_SIZE));
  }

  async #writeLater(direct: DirectFile, chunk: Chunk): Promise<void> {
    try {
      if (!(await direct.write(chunk.start, chunk.bytes))) this.#writeNow(chunk.start, chunk.bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#underWay.splice(this.#underWay.indexOf(chunk), 1);
    this.#free.push(chunk.bytes);
    this.#wake();
  }

  #writeNow(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    }
  }

  async #arrived(): Promise<void> {
    while (this.#underWay.length > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
