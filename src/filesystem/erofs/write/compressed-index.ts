/** Where the clusters of a compressed file are, for each of its blocks (Documentation/filesystems/erofs.rst, Compression). */
import type { Extent } from "../../../blocks/blocks.ts";
import type { Cluster } from "../../../blocks/space.ts";
import {
  ALGORITHMS,
  FULL_INDEX_GAP,
  LCLUSTER_INDEX,
  LCLUSTER_INDEX_SIZE,
  LCLUSTER_TYPE,
  MAP_HEADER,
  MAP_HEADER_SIZE,
  PACK_BASE_SIZE,
  PACK_LOW_BITS,
  PACK_OF_2,
  PACK_OF_16,
  type PackShape,
  Z_EROFS_ADVISE_BIG_PCLUSTER_1,
  Z_EROFS_ADVISE_BIG_PCLUSTER_2,
  Z_EROFS_ADVISE_COMPACTED_2B,
  Z_EROFS_LI_D0_CBLKCNT,
} from "../format/compression.ts";

/** A block of a file, as the index has it. */
interface LogicalCluster {
  readonly type: number;
  /** Distance to its head: 0 for a head. */
  readonly back: number;
  /** Distance to the next head. */
  readonly ahead: number;
  /** First block of its physical cluster, and how many that has. */
  readonly start: number;
  readonly stored: number;
}

/** What is to be told of a file's clusters. */
export interface ClusterMap {
  /** Whether all that is stored lies in one row: then two bytes for each block are enough, else it takes eight. */
  readonly index: "compact" | "full";
  readonly clusters: readonly Cluster[];
  /** Where the blocks lie that are stored, counted as `Extent.logical`. */
  readonly extents: readonly Extent[];
}

/** Bytes behind an inode and its attributes, which have `head` bytes, of the map of `blocks` blocks of the file. */
export function clusterMapSize(index: ClusterMap["index"], blocks: number, head: number): number {
  const start = mapStart(head) + MAP_HEADER_SIZE;
  if (index === "full") return start + FULL_INDEX_GAP + blocks * LCLUSTER_INDEX_SIZE - head;
  let end = start;
  for (const { size } of packsOf(blocks, start)) end += size;
  return end - head;
}

/** Writes the map behind the `head` bytes of an inode and its attributes, which begins at byte `inode`. */
export function encodeClusterMap(map: ClusterMap, view: DataView, inode: number, head: number): void {
  const at = inode + mapStart(head);
  const big = Z_EROFS_ADVISE_BIG_PCLUSTER_1 | Z_EROFS_ADVISE_BIG_PCLUSTER_2;
  MAP_HEADER.h_advise.put(view, at, map.index === "full" ? big : big | Z_EROFS_ADVISE_COMPACTED_2B);
  MAP_HEADER.h_algorithmtype.put(view, at, ALGORITHMS.indexOf("lz4"));
  if (map.index === "full") encodeFull(map, view, at + MAP_HEADER_SIZE + FULL_INDEX_GAP);
  else encodeCompact(map, view, at + MAP_HEADER_SIZE, mapStart(head) + MAP_HEADER_SIZE);
}

/** Bytes from the inode to the map. Inodes begin at multiples of more than that. */
function mapStart(head: number): number {
  return Math.ceil(head / MAP_HEADER_SIZE) * MAP_HEADER_SIZE;
}

function encodeFull(map: ClusterMap, view: DataView, start: number): void {
  let at = start;
  for (const { type, back, ahead, start: block, stored } of logicalClusters(map)) {
    LCLUSTER_INDEX.di_advise.put(view, at, type);
    if (type === LCLUSTER_TYPE.NONHEAD) {
      LCLUSTER_INDEX.delta_0.put(view, at, back === 1 ? Z_EROFS_LI_D0_CBLKCNT | stored : back);
      LCLUSTER_INDEX.delta_1.put(view, at, ahead);
    } else {
      LCLUSTER_INDEX.blkaddr.put(view, at, block);
    }
    at += LCLUSTER_INDEX_SIZE;
  }
}

function* logicalClusters({ clusters, extents }: ClusterMap): Generator<LogicalCluster> {
  const places = blockPlaces(extents);
  for (const { blocks, stored } of clusters) {
    if (stored === blocks) {
      for (let block = 0; block < blocks; block++) {
        yield { type: LCLUSTER_TYPE.PLAIN, back: 0, ahead: 1, start: places.next(1), stored: 1 };
      }
      continue;
    }
    const start = places.next(stored);
    for (let back = 0; back < blocks; back++) {
      const type = back === 0 ? LCLUSTER_TYPE.HEAD1 : LCLUSTER_TYPE.NONHEAD;
      yield { type, back, ahead: blocks - back, start, stored };
    }
  }
}

/** Tells where the next stored blocks lie. */
function blockPlaces(extents: readonly Extent[]): { next(blocks: number): number } {
  let extent = 0;
  let stored = 0;
  return {
    next: (blocks) => {
      for (
        let end = extents[extent];
        end !== undefined && end.logical + end.length <= stored;
        end = extents[extent]
      ) {
        extent++;
      }
      const { physical = 0, logical = 0 } = extents[extent] ?? {};
      const place = physical + stored - logical;
      stored += blocks;
      return place;
    },
  };
}

/**
 * Pairs as far as to a multiple of 32 bytes of the inode, then packs of sixteen, and pairs for the rest.
 *
 * @param start byte of the inode that the index begins with
 */
function* packsOf(blocks: number, start: number): Generator<PackShape> {
  const misaligned = start % PACK_OF_16.size;
  const lead = misaligned === 0 ? 0 : ((PACK_OF_16.size - misaligned) / PACK_OF_2.size) * PACK_OF_2.entries;
  const inLarge = lead < blocks ? blocks - lead - ((blocks - lead) % PACK_OF_16.entries) : 0;
  for (let first = 0; first < blocks; ) {
    const isLarge = first >= lead && first < lead + inLarge;
    const shape = isLarge ? PACK_OF_16 : PACK_OF_2;
    yield shape;
    first += shape.entries;
  }
}

function encodeCompact(map: ClusterMap, view: DataView, at: number, start: number): void {
  const blocks = map.clusters.reduce((sum, cluster) => sum + cluster.blocks, 0);
  const clusters = logicalClusters(map);
  let put = at;
  for (const shape of packsOf(blocks, start)) {
    encodePack(taken(clusters, shape.entries), shape, view, put);
    put += shape.size;
  }
}

/** The next ones, as many as there are up to `most`. */
function taken(clusters: Generator<LogicalCluster>, most: number): LogicalCluster[] {
  const some: LogicalCluster[] = [];
  while (some.length < most) {
    const { done, value } = clusters.next();
    if (done === true) break;
    some.push(value);
  }
  return some;
}

function encodePack(
  clusters: readonly LogicalCluster[],
  { entries, bits, size }: PackShape,
  view: DataView,
  at: number,
): void {
  for (const [i, cluster] of clusters.entries()) {
    const low = lowBits(cluster, i === entries - 1);
    putBits(view, at, i * bits, low | (cluster.type << PACK_LOW_BITS));
  }
  view.setUint32(at + size - PACK_BASE_SIZE, baseOf(clusters), true);
}

function lowBits({ type, back, ahead, stored }: LogicalCluster, isLast: boolean): number {
  if (type !== LCLUSTER_TYPE.NONHEAD) return 0;
  if (back === 1) return Z_EROFS_LI_D0_CBLKCNT | stored;
  return isLast ? Math.min(ahead, Z_EROFS_LI_D0_CBLKCNT - 1) : back;
}

/**
 * The block that the pack's heads are counted from: the first one's own, or before that one, the blocks of a cluster of
 * which the pack tells how many there are.
 */
function baseOf([first]: readonly LogicalCluster[]): number {
  const { back = 0, start = 0, stored = 0 } = first ?? {};
  return back <= 1 ? start : start + stored;
}

/** Adds the low bits of a value that begins at the given bit, counted from the lowest of each byte. */
function putBits(view: DataView, at: number, bit: number, value: number): void {
  const byte = at + (bit >> 3);
  const shifted = value << (bit & 7);
  for (let i = 0; shifted >> (8 * i) !== 0; i++) {
    view.setUint8(byte + i, view.getUint8(byte + i) | ((shifted >> (8 * i)) & 0xff));
  }
}
