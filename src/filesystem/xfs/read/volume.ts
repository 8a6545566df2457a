/** An image with its superblock: blocks by their numbers, which carry the allocation group that they are in. */
import { type NumberField, viewOf } from "../../../blocks/field.ts";
import type { ImageReader } from "../../reading/image.ts";
import { isSealed } from "../format/checksum.ts";
import { broken } from "./broken.ts";
import type { FeatureName } from "./features.ts";
import { readSuperblock, type Superblock } from "./superblock.ts";

/** Blocks that are kept, so that the inodes of one block and the nodes of one tree are read once. */
const CACHED_BLOCKS = 256;
/** What blocks of metadata count disk addresses in. */
const BASIC_BLOCK = 512;

/** The fields by which a block of metadata tells that it is right and where it belongs. */
export interface SelfDescription {
  readonly magic: { readonly field: NumberField; readonly values: readonly number[] };
  readonly crc: NumberField;
  readonly owner: NumberField;
  readonly blkno: NumberField;
}

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
    return this.superblock.features.has(feature);
  }

  /** The byte of the image where a run of blocks begins. Throws E_INVALID_FILESYSTEM, naming `where`, for none of ours. */
  position(fsblock: number, length: number, where: string): number {
    const { blocks, fields, blockSize } = this.superblock;
    const group = Math.floor(fsblock / 2 ** fields.sb_agblklog);
    const inGroup = fsblock - group * 2 ** fields.sb_agblklog;
    const block = group * fields.sb_agblocks + inGroup;
    if (inGroup + length > fields.sb_agblocks || block + length > blocks) {
      throw broken(where, `blocks ${fsblock} to ${fsblock + length - 1} cannot be its`);
    }
    return block * blockSize;
  }

  /** A block's bytes, which are not to be changed. */
  block(fsblock: number, where: string): Uint8Array {
    const cached = this.#blocks.get(fsblock);
    if (cached !== undefined) return cached;
    const bytes = this.image.read(this.position(fsblock, 1, where), this.blockSize);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size < CACHED_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    this.#blocks.set(fsblock, bytes);
    return bytes;
  }

  /**
   * Throws E_INVALID_FILESYSTEM, naming `where`, unless the metadata that begins with block `fsblock` is sound, of one of
   * the kinds, the owner's and in its place.
   */
  check(
    bytes: Uint8Array,
    description: SelfDescription,
    fsblock: number,
    owner: number,
    where: string,
  ): void {
    const view = viewOf(bytes);
    const { magic, crc } = description;
    if (!magic.values.includes(magic.field.get(view, 0))) throw broken(where, "it has no magic number");
    if (!isSealed(bytes, crc)) throw broken(where, "its checksum is wrong");
    if (description.owner.get(view, 0) !== owner) throw broken(where, "it is of another inode");
    const place = description.blkno.get(view, 0) * BASIC_BLOCK;
    if (place !== this.position(fsblock, 1, where)) throw broken(where, "it belongs to another place");
  }
}
