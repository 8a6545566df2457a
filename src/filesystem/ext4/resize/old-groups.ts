/** Groups that there were, where their block bitmaps and free blocks change. */
import { clearBits, countBits } from "../../../blocks/bits.ts";
import { viewOf } from "../../../blocks/field.ts";
import { EXT4_BG_BLOCK_UNINIT, GROUP_DESCRIPTOR } from "../format/group-descriptor.ts";
import { broken } from "../read/broken.ts";
import { firstBlockOf, type GroupDescriptor } from "../read/group-descriptor.ts";
import type { Superblock } from "../read/superblock.ts";
import type { Volume } from "../read/volume.ts";
import {
  blockBitmapChecksum,
  clustersIn,
  hasChecksums,
  putBlockBitmapChecksum,
  sealedDescriptor,
} from "./bitmaps.ts";
import type { Write } from "./write.ts";

interface Changed {
  readonly descriptor: GroupDescriptor;
  /** Undefined where it is not on the disk, as the kernel can make it up. */
  readonly bitmap: Uint8Array | undefined;
  /** Clusters that are free now and were not. */
  freed: number;
}

/** What becomes free in the groups of `volume`, which will be of `grown`. */
export class OldGroups {
  readonly #volume: Volume;
  readonly #grown: Superblock;
  readonly #changed = new Map<number, Changed>();

  constructor(volume: Volume, grown: Superblock) {
    this.#volume = volume;
    this.#grown = grown;
  }

  /** Adds the blocks that the last group becomes longer by. Throws E_INVALID_FILESYSTEM if its bitmap is wrong. */
  lengthenLast(): void {
    const group = this.#volume.superblock.groups - 1;
    const from = clustersIn(this.#volume.superblock, group);
    const to = clustersIn(this.#grown, group);
    if (to > from) this.#clear(group, from, to);
  }

  /** Gives a block back that was in use. */
  free(block: number): void {
    const { fields, blocksPerGroup, blocksPerCluster } = this.#grown;
    const group = Math.floor((block - fields.s_first_data_block) / blocksPerGroup);
    const bit = Math.floor((block - firstBlockOf(this.#grown, group)) / blocksPerCluster);
    this.#clear(group, bit, bit + 1);
  }

  #clear(group: number, from: number, to: number): void {
    const changed = this.#changed.get(group) ?? this.#open(group);
    this.#changed.set(group, changed);
    if (changed.bitmap !== undefined) {
      if (countBits(changed.bitmap, from, to) < to - from) {
        throw broken(`group ${group}, block bitmap`, "what is in use, or past the end, is marked as free");
      }
      clearBits(changed.bitmap, from, to);
    }
    changed.freed += to - from;
  }

  #open(group: number): Changed {
    const descriptor = this.#volume.descriptor(group);
    const { superblock } = this.#volume;
    const madeUp = hasChecksums(superblock) && (descriptor.fields.bg_flags & EXT4_BG_BLOCK_UNINIT) !== 0;
    if (madeUp) return { descriptor, bitmap: undefined, freed: 0 };
    const where = `group ${group}, block bitmap`;
    const bitmap = new Uint8Array(this.#volume.block(descriptor.blockBitmap, where));
    const mask = superblock.descriptorSize > 32 ? 0xffffffff : 0xffff;
    const computed = (blockBitmapChecksum(superblock, bitmap) & mask) >>> 0;
    if (superblock.features.has("metadata_csum") && computed !== descriptor.blockBitmapChecksum) {
      throw broken(where, "its checksum is wrong");
    }
    const clusters = clustersIn(superblock, group);
    const free = clusters - countBits(bitmap, 0, clusters);
    if (free !== descriptor.freeBlocks) {
      throw broken(where, `${free} are free in it, the group's descriptor counts ${descriptor.freeBlocks}`);
    }
    return { descriptor, bitmap, freed: 0 };
  }

  /** Clusters that became free. */
  get freed(): number {
    let sum = 0;
    for (const { freed } of this.#changed.values()) sum += freed;
    return sum;
  }

  *bitmaps(): Generator<Write> {
    for (const { descriptor, bitmap } of this.#changed.values()) {
      if (bitmap !== undefined)
        yield { position: descriptor.blockBitmap * this.#grown.blockSize, bytes: bitmap };
    }
  }

  /** New descriptors by group. */
  *descriptors(): Generator<readonly [group: number, bytes: Uint8Array]> {
    for (const [group, { descriptor, bitmap, freed }] of this.#changed) {
      const bytes = new Uint8Array(descriptor.bytes);
      const view = viewOf(bytes);
      const free = descriptor.freeBlocks + freed;
      GROUP_DESCRIPTOR.bg_free_blocks_count_lo.put(view, 0, free);
      if (bytes.length > 32) GROUP_DESCRIPTOR.bg_free_blocks_count_hi.put(view, 0, free >>> 16);
      if (bitmap !== undefined && this.#grown.features.has("metadata_csum")) {
        putBlockBitmapChecksum(this.#grown, view, bitmap);
      }
      yield [group, sealedDescriptor(this.#grown, group, bytes)];
    }
  }
}
