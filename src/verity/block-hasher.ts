import { hash } from "node:crypto";
import { BLOCK_SIZE } from "../blocks/blocks.ts";

/** sha256 of a salt and a block, over and over. */
export class BlockHasher {
  readonly #salt: Uint8Array;
  readonly #zeros: Buffer;
  readonly #ofZeros: Uint8Array;
  readonly #buffer: Buffer;

  constructor(salt: Uint8Array) {
    this.#salt = salt;
    this.#zeros = Buffer.alloc(BLOCK_SIZE);
    this.#buffer = Buffer.alloc(salt.length + BLOCK_SIZE);
    this.#buffer.set(salt);
    this.#ofZeros = this.#digest(this.#zeros);
  }

  /** The digest of a block of 4 KiB. */
  digest(block: Uint8Array): Uint8Array {
    // Much of a filesystem was never written.
    return this.#zeros.equals(block) ? this.#ofZeros : this.#digest(block);
  }

  #digest(block: Uint8Array): Uint8Array {
    this.#buffer.set(block, this.#salt.length);
    return hash("sha256", this.#buffer, "buffer");
  }
}
