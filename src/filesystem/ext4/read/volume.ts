/** An image with its superblock: blocks by number, and the groups they are in. */

import type { ImageReader } from "../../reading/image.ts";
import { broken } from "./broken.ts";
import type { FeatureName } from "./features.ts";
import { decodeDescriptor, descriptorPosition, type GroupDescriptor } from "./group-descriptor.ts";
import { readSuperblock, type Superblock } from "./superblock.ts";

/** Blocks that are kept, so that the inodes of one block and the nodes of one tree are read once. */
const CACHED_BLOCKS = 256;

export class Volume {
  readonly image: ImageReader;
  readonly superblock: Superblock;
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #descriptors = new Map<number, GroupDescriptor>();

  constructor(image: ImageReader) {
    this.image = image;
    this.superblock = readSuperblock(image);
  }

  has(feature: FeatureName): boolean {
    return this.superblock.features.has(feature);
  }

  /** A block's bytes, which are not to be changed. Throws E_INVALID_FILESYSTEM, naming `where`, for none of ours. */
  block(number: number, where: string): Uint8Array {
    const cached = this.#blocks.get(number);
    if (cached !== undefined) return cached;
    const { blockSize } = this.superblock;
    this.checkRange(number, 1, where);
    const bytes = this.image.read(number * blockSize, blockSize);
    if (bytes.length < blockSize) throw broken(where, `block ${number} is cut short`);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size < CACHED_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    this.#blocks.set(number, bytes);
    return bytes;
  }

  /** Throws E_INVALID_FILESYSTEM unless the run lies within the filesystem and past its first block. */
  checkRange(start: number, length: number, where: string): void {
    const { blocks, fields } = this.superblock;
    if (start > fields.s_first_data_block && start + length <= blocks) return;
    const named = length === 1 ? `block ${start}` : `blocks ${start} to ${start + length - 1}`;
    throw broken(where, `${named} cannot be its: the filesystem has ${blocks}`);
  }

  descriptor(group: number): GroupDescriptor {
    const cached = this.#descriptors.get(group);
    if (cached !== undefined) return cached;
    const { descriptorSize } = this.superblock;
    const bytes = this.image.read(descriptorPosition(this.superblock, group), descriptorSize);
    if (bytes.length < descriptorSize) throw broken(`group ${group}`, "its descriptor is cut short");
    const descriptor = decodeDescriptor(bytes);
    this.#descriptors.set(group, descriptor);
    return descriptor;
  }
}
