/** An index of eight bytes for each cluster. */

import { decode, viewOf } from "../../../../blocks/field.ts";
import type { Paused } from "../../../../waiting/steps.ts";
import {
  FULL_INDEX_GAP,
  LCLUSTER_INDEX,
  LCLUSTER_INDEX_SIZE,
  LCLUSTER_TYPE,
  Z_EROFS_LI_D0_CBLKCNT,
  Z_EROFS_LI_LCLUSTER_TYPE_MASK,
} from "../../format/compression.ts";
import type { Volume } from "../volume.ts";
import type { Cluster, ClusterIndex } from "./cluster.ts";
import type { MapHeader } from "./map-header.ts";

/** Items that are read at once. */
const BATCH = 512;

/** Throws E_INVALID_FILESYSTEM, naming `where`, if the image does not hold it. */
export function fullIndex(volume: Volume, header: MapHeader, count: number, where: string): ClusterIndex {
  const start = header.end + FULL_INDEX_GAP;
  volume.checkRange(start, count * LCLUSTER_INDEX_SIZE, `${where}, its index`);
  return {
    end: start + count * LCLUSTER_INDEX_SIZE,
    clusters: clustersFrom(volume, start, count, where),
  };
}

function* clustersFrom(volume: Volume, start: number, count: number, where: string): Paused<Cluster> {
  for (let first = 0; first < count; first += BATCH) {
    yield;
    const items = Math.min(BATCH, count - first);
    const position = start + first * LCLUSTER_INDEX_SIZE;
    const view = viewOf(volume.metadata(position, items * LCLUSTER_INDEX_SIZE, where));
    for (let i = 0; i < items; i++) yield clusterAt(view, i * LCLUSTER_INDEX_SIZE);
  }
}

function clusterAt(view: DataView, at: number): Cluster {
  const { di_advise, di_clusterofs, blkaddr, delta_0 } = decode(LCLUSTER_INDEX, view, at);
  switch (di_advise & Z_EROFS_LI_LCLUSTER_TYPE_MASK) {
    case LCLUSTER_TYPE.NONHEAD: {
      const isCount = (delta_0 & Z_EROFS_LI_D0_CBLKCNT) !== 0;
      return { type: "NONHEAD", pclusterBlocks: isCount ? delta_0 & ~Z_EROFS_LI_D0_CBLKCNT : undefined };
    }
    case LCLUSTER_TYPE.PLAIN:
      return { type: "PLAIN", clusterofs: di_clusterofs, block: blkaddr };
    case LCLUSTER_TYPE.HEAD1:
      return { type: "HEAD1", clusterofs: di_clusterofs, block: blkaddr };
    default:
      return { type: "HEAD2", clusterofs: di_clusterofs, block: blkaddr };
  }
}
