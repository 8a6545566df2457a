import type { BlockSink } from "../blocks/blocks.ts";
import type { ImageStore } from "./image-store.ts";

/**
 * A place of the caller's for an image: memory, a file that is open already, a part of a disk. Positions are bytes from
 * the image's start. Whatever its functions throw ends the conversion, and is what that rejects with.
 */
export interface ImageTarget extends BlockSink {
  /**
   * Writes all of `bytes` at byte `position`: any position, in any order, some of them more than once. The bytes are
   * good until it returns: who writes later copies them, and tells in `finish` what became of that.
   */
  write(position: number, bytes: Uint8Array): void;
  /** Fills `bytes` from byte `position` on. What was never written reads as zeros. */
  read(position: number, bytes: Uint8Array): void | Promise<void>;
  /** Ends the image at byte `length`: what lay beyond reads as zeros from now on. More may be written there later. */
  truncate(length: number): void;
  /** Told once, when everything has been written. */
  finish?(): void | Promise<void>;
}

/**
 * An image in memory, as long as what was written to it. For images that are known to be small. The example is that of
 * `convertInto`.
 */
export class MemoryTarget implements ImageTarget {
  #bytes = new Uint8Array(1 << 20);
  #length = 0;

  /** The image as it is so far: a view, good until more is written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      longer.set(this.bytes);
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  read(position: number, bytes: Uint8Array): void {
    const found = this.bytes.subarray(position, position + bytes.length);
    bytes.set(found);
    bytes.fill(0, found.length);
  }

  truncate(length: number): void {
    if (length <= this.#length) {
      this.#bytes.fill(0, length, this.#length);
      this.#length = length;
    } else {
      this.write(length - 1, new Uint8Array(1));
    }
  }
}

/** What keeps an image in a caller's place. */
export class TargetStore implements ImageStore {
  readonly path = undefined;
  readonly #target: ImageTarget;
  #length = 0;

  constructor(target: ImageTarget) {
    this.#target = target;
  }

  get apparentBytes(): number {
    return this.#length;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#target.write(position, bytes);
    this.#length = Math.max(this.#length, position + bytes.length);
  }

  async read(position: number, bytes: Uint8Array): Promise<number> {
    const length = Math.max(0, Math.min(bytes.length, this.#length - position));
    if (length > 0) await this.#target.read(position, bytes.subarray(0, length));
    return length;
  }

  reach(): void {}

  truncate(length: number): void {
    this.#target.truncate(length);
    this.#length = length;
  }

  async sync(): Promise<void> {
    await this.#target.finish?.();
  }

  /** The target is the caller's. */
  close(): void {}
}
