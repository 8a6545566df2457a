/** An index of two or four bytes for each cluster, in packs that say together where their pclusters begin. */

import { viewOf } from "../../../../blocks/field.ts";
import type { Paused } from "../../../../waiting/steps.ts";
import {
  LCLUSTER_TYPE,
  PACK_BASE_SIZE,
  PACK_LOW_BITS,
  PACK_OF_2,
  PACK_OF_16,
  type PackShape,
  Z_EROFS_LI_D0_CBLKCNT,
} from "../../format/compression.ts";
import { broken } from "../broken.ts";
import type { Volume } from "../volume.ts";
import type { Cluster, ClusterIndex } from "./cluster.ts";
import type { MapHeader } from "./map-header.ts";

/** The largest clusters whose items have room in a pair, and in a pack. */
const MOST_BITS_OF_PAIR = 14;
const MOST_BITS_OF_PACK = 12;

interface Item {
  readonly type: number;
  /** Of a head: where in its cluster it begins. Of others: a distance, or a count with D0_CBLKCNT. */
  readonly low: number;
}

interface Form {
  readonly lowBits: number;
  readonly isBig: boolean;
  readonly where: string;
}

/** Throws E_INVALID_FILESYSTEM, naming `where`, for what cannot be one, and if the image does not hold it. */
export function compactIndex(volume: Volume, header: MapHeader, count: number, where: string): ClusterIndex {
  const bits = Math.log2(header.clusterSize);
  const packed = header.isCompacted2B ? MOST_BITS_OF_PACK : MOST_BITS_OF_PAIR;
  if (bits > packed) throw broken(where, `its compact index has clusters of 2^${bits} bytes`);
  const parts = partsOf(header, count);
  const size = parts.reduce((sum, { shape, packs }) => sum + shape.size * packs, 0);
  volume.checkRange(header.end, size, `${where}, its index`);
  const form = { lowBits: Math.max(bits, PACK_LOW_BITS), isBig: header.isBig[0], where };
  return { end: header.end + size, clusters: clustersOf(volume, header.end, parts, count, form) };
}

/** Pairs up to where packs of 32 bytes begin at a multiple of that, as many packs as get full, and pairs again. */
function partsOf({ end, isCompacted2B }: MapHeader, count: number) {
  const pairs = (clusters: number) => ({ shape: PACK_OF_2, packs: Math.ceil(clusters / PACK_OF_2.entries) });
  if (!isCompacted2B) return [pairs(count)];
  const lead = ((PACK_OF_16.size - (end % PACK_OF_16.size)) / 4) & 7;
  if (lead >= count) return [pairs(count)];
  const packs = Math.floor((count - lead) / PACK_OF_16.entries);
  return [pairs(lead), { shape: PACK_OF_16, packs }, pairs(count - lead - packs * PACK_OF_16.entries)];
}

function* clustersOf(
  volume: Volume,
  start: number,
  parts: ReturnType<typeof partsOf>,
  count: number,
  form: Form,
): Paused<Cluster> {
  let position = start;
  let left = count;
  for (const { shape, packs } of parts) {
    for (let i = 0; i < packs; i++) {
      yield;
      // The last pair may have room for one more than there are.
      const clusters = clustersIn(volume.metadata(position, shape.size, form.where), shape, form);
      yield* clusters.slice(0, left);
      left -= shape.entries;
      position += shape.size;
    }
  }
}

function clustersIn(bytes: Uint8Array, shape: PackShape, form: Form): Cluster[] {
  const items = itemsIn(bytes, shape, form.lowBits);
  const base = viewOf(bytes).getUint32(shape.size - PACK_BASE_SIZE, true);
  return items.map(({ type, low }, i) => {
    if (type === LCLUSTER_TYPE.NONHEAD) {
      const isCount = (low & Z_EROFS_LI_D0_CBLKCNT) !== 0;
      return { type: "NONHEAD", pclusterBlocks: isCount ? low & ~Z_EROFS_LI_D0_CBLKCNT : undefined };
    }
    const block = base + blocksBefore(items, i, form);
    const name = type === LCLUSTER_TYPE.PLAIN ? "PLAIN" : type === LCLUSTER_TYPE.HEAD1 ? "HEAD1" : "HEAD2";
    return { type: name, clusterofs: low, block };
  });
}

function itemsIn(bytes: Uint8Array, shape: PackShape, lowBits: number): Item[] {
  const { bits } = shape;
  const view = viewOf(bytes);
  const items: Item[] = [];
  for (let i = 0; i < shape.entries; i++) {
    // Never past the base: an item and what is before it in its byte fit into 32 bits.
    const value = view.getUint32((i * bits) >> 3, true) >>> ((i * bits) & 7);
    items.push({ type: (value >>> lowBits) & 3, low: value & (2 ** lowBits - 1) });
  }
  return items;
}

/** Blocks of the pack's pclusters before item `i`, a head (z_erofs_load_compact_lcluster). */
function blocksBefore(items: readonly Item[], i: number, { isBig, where }: Form): number {
  return isBig ? bigBlocksBefore(items, i, where) : smallBlocksBefore(items, i);
}

/** Each head is one block; the base is that before the first of them. */
function smallBlocksBefore(items: readonly Item[], i: number): number {
  let blocks = 1;
  for (let at = i - 1; at >= 0; at--) {
    const { type, low } = items[at] ?? { type: 0, low: 0 };
    if (type === LCLUSTER_TYPE.NONHEAD) at -= low;
    if (at >= 0) blocks++;
  }
  return blocks;
}

/** A head is one block, unless what follows it tells how many; the base is the pack's first. */
function bigBlocksBefore(items: readonly Item[], i: number, where: string): number {
  let blocks = 0;
  for (let at = i - 1; at >= 0; at--) {
    const { type, low } = items[at] ?? { type: 0, low: 0 };
    if (type !== LCLUSTER_TYPE.NONHEAD) {
      blocks++;
    } else if ((low & Z_EROFS_LI_D0_CBLKCNT) !== 0) {
      // With its head, which is before it.
      blocks += low & ~Z_EROFS_LI_D0_CBLKCNT;
      at--;
    } else if (low <= 1) {
      throw broken(where, "its compact index does not tell how long a pcluster is");
    } else {
      at -= low - 2;
    }
  }
  return blocks;
}
