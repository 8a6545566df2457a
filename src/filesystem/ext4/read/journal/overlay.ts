import type { ImageReader } from "../../../reading/image.ts";

/** What a block reads as: bytes, or another block of the image, perhaps with other bytes at its start. */
export type BlockContents = Uint8Array | { readonly copy: number; readonly start?: Uint8Array | undefined };

/** An image of which some blocks read otherwise. Of those that are copies of others only the place is kept. */
export class OverlaidImage implements ImageReader {
  readonly size: number;
  readonly #image: ImageReader;
  readonly #blockSize: number;
  readonly #blocks = new Map<number, BlockContents>();

  constructor(image: ImageReader, blockSize: number) {
    this.size = image.size;
    this.#image = image;
    this.#blockSize = blockSize;
  }

  /** Blocks that read otherwise. */
  get count(): number {
    return this.#blocks.size;
  }

  put(block: number, contents: BlockContents): void {
    this.#blocks.set(block, contents);
  }

  read(position: number, length: number): Uint8Array {
    const bytes = this.#image.read(position, length);
    const end = position + bytes.length;
    for (let block = Math.floor(position / this.#blockSize); block * this.#blockSize < end; block++) {
      const contents = this.#blocks.get(block);
      if (contents === undefined) continue;
      const start = block * this.#blockSize;
      const from = Math.max(position, start);
      const part = this.#bytesOf(contents).subarray(from - start, end - start);
      bytes.set(part, from - position);
    }
    return bytes;
  }

  #bytesOf(contents: BlockContents): Uint8Array {
    if (contents instanceof Uint8Array) return contents;
    const bytes = this.#image.read(contents.copy * this.#blockSize, this.#blockSize);
    if (contents.start !== undefined) bytes.set(contents.start);
    return bytes;
  }
}
