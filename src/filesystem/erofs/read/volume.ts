/** An image with its superblock, and its metadata by byte. */
import type { ImageReader } from "../../reading/image.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";
import { broken } from "./broken.ts";
import type { FeatureName } from "./features.ts";
import { readSuperblock, type Superblock } from "./superblock.ts";

/** Blocks that are kept: inodes of one block, and what describes one file, are read once. */
const CACHED_BLOCKS = 256;

export class Volume {
  readonly image: ImageReader;
  readonly superblock: Superblock;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(image: ImageReader) {
    this.image = image;
    this.superblock = readSuperblock(image);
  }

  get blockSize(): number {
    return this.superblock.blockSize;
  }

  has(feature: FeatureName): boolean {
    const { feature_compat, feature_incompat } = this.superblock.fields;
    if (feature in COMPAT) return (feature_compat & COMPAT[feature as keyof typeof COMPAT]) !== 0;
    return (feature_incompat & INCOMPAT[feature as keyof typeof INCOMPAT]) !== 0;
  }

  /** Metadata, which is not to be changed. Throws E_INVALID_FILESYSTEM, naming `where`, for what is not in the image. */
  metadata(position: number, length: number, where: string): Uint8Array {
    this.checkRange(position, length, where);
    const { blockSize } = this;
    const first = Math.floor(position / blockSize);
    const offset = position - first * blockSize;
    if (offset + length <= blockSize) return this.#block(first).subarray(offset, offset + length);
    const bytes = new Uint8Array(length);
    for (let block = first; block * blockSize < position + length; block++) {
      const from = Math.max(position - block * blockSize, 0);
      const part = this.#block(block).subarray(from, position + length - block * blockSize);
      bytes.set(part, block * blockSize + from - position);
    }
    return bytes;
  }

  /** Throws E_INVALID_FILESYSTEM unless the bytes are in the image. */
  checkRange(position: number, length: number, where: string): void {
    const { size } = this.image;
    if (position + length <= size) return;
    throw broken(where, `bytes ${position} to ${position + length} cannot be its: the image has ${size}`);
  }

  /** A block's bytes; fewer at the end of the image. */
  #block(number: number): Uint8Array {
    const cached = this.#blocks.get(number);
    if (cached !== undefined) return cached;
    const bytes = this.image.read(number * this.blockSize, this.blockSize);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size < CACHED_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    this.#blocks.set(number, bytes);
    return bytes;
  }
}
