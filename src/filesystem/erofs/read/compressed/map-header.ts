/** What precedes the index of a compressed file. */

import { decode, viewOf } from "../../../../blocks/field.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import {
  ALGORITHMS,
  MAP_HEADER,
  MAP_HEADER_SIZE,
  Z_EROFS_ADVISE_BIG_PCLUSTER_1,
  Z_EROFS_ADVISE_BIG_PCLUSTER_2,
  Z_EROFS_ADVISE_COMPACTED_2B,
  Z_EROFS_ADVISE_FRAGMENT_PCLUSTER,
  Z_EROFS_ADVISE_INLINE_PCLUSTER,
  Z_EROFS_ADVISE_INTERLACED_PCLUSTER,
  Z_EROFS_CLUSTERBITS_MASK,
  Z_EROFS_FRAGMENT_INODE,
} from "../../format/compression.ts";
import { broken } from "../broken.ts";
import type { ErofsInode } from "../inode.ts";
import type { Volume } from "../volume.ts";
import type { Algorithm } from "./algorithm.ts";

export interface MapHeader {
  /** Byte of the image behind the header. */
  readonly end: number;
  /** Bytes of the file that an item of the index stands for. */
  readonly clusterSize: number;
  /** How what begins with a HEAD1, and with a HEAD2, is compressed. */
  readonly algorithms: readonly [Algorithm, Algorithm];
  /** Whether what begins with a PLAIN or HEAD1, and with a HEAD2, may have more blocks than one cluster. */
  readonly isBig: readonly [boolean, boolean];
  readonly isCompacted2B: boolean;
  readonly isInterlaced: boolean;
  /** Bytes right behind the index that hold the last extent; 0 if blocks do. */
  readonly inlineSize: number;
  /** Where in the packed inode the last extent is, or the whole file; undefined if it is not there. */
  readonly fragment: { readonly at: number; readonly isWhole: boolean } | undefined;
}

/** Throws E_INVALID_FILESYSTEM for one that no kernel takes. */
export function readMapHeader(volume: Volume, inode: ErofsInode): MapHeader {
  const where = inodeName(inode.number);
  const position = Math.ceil(inode.body / MAP_HEADER_SIZE) * MAP_HEADER_SIZE;
  const view = viewOf(headerBytes(volume, inode, position));
  const fields = decode(MAP_HEADER, view, 0);
  const has = (bit: number): boolean => (fields.h_advise & bit) !== 0;
  const isWhole = (fields.h_clusterbits & Z_EROFS_FRAGMENT_INODE) !== 0;
  const isFragment = isWhole || has(Z_EROFS_ADVISE_FRAGMENT_PCLUSTER);
  const isBig = [has(Z_EROFS_ADVISE_BIG_PCLUSTER_1), has(Z_EROFS_ADVISE_BIG_PCLUSTER_2)] as const;
  if (!isWhole && inode.layout === "COMPRESSED_COMPACT" && isBig[0] !== isBig[1]) {
    throw broken(where, "its compact index would have large pclusters of one kind and not of the other");
  }
  return {
    end: position + MAP_HEADER_SIZE,
    clusterSize: volume.blockSize * 2 ** (fields.h_clusterbits & Z_EROFS_CLUSTERBITS_MASK),
    algorithms: isWhole ? ["lz4", "lz4"] : algorithms(fields.h_algorithmtype, where),
    isBig,
    isCompacted2B: has(Z_EROFS_ADVISE_COMPACTED_2B),
    isInterlaced: has(Z_EROFS_ADVISE_INTERLACED_PCLUSTER),
    inlineSize: !isFragment && has(Z_EROFS_ADVISE_INLINE_PCLUSTER) ? fields.h_idata_size : 0,
    fragment: isFragment ? { at: isWhole ? wholeFragment(view) : fields.h_fragmentoff, isWhole } : undefined,
  };
}

/** Without any of these features a full index has only room for one (z_erofs_fill_inode). */
function headerBytes(volume: Volume, inode: ErofsInode, position: number): Uint8Array {
  const bytes = volume.metadata(position, MAP_HEADER_SIZE, inodeName(inode.number));
  const isUsed =
    inode.layout === "COMPRESSED_COMPACT" ||
    volume.has("compr_cfgs") ||
    volume.has("ztailpacking") ||
    volume.has("fragments");
  return isUsed ? bytes : new Uint8Array(MAP_HEADER_SIZE);
}

/** All 64 bits but the highest, which tells that it is one. */
function wholeFragment(view: DataView): number {
  return (view.getUint32(4, true) & 0x7fffffff) * 2 ** 32 + view.getUint32(0, true);
}

function algorithms(numbers: number, where: string): [Algorithm, Algorithm] {
  const named = [numbers & 0xf, numbers >> 4].map((number) => {
    const known = ALGORITHMS[number];
    if (known === undefined) throw broken(where, `compression ${number} is none that there is`);
    return known;
  });
  return named as [Algorithm, Algorithm];
}
