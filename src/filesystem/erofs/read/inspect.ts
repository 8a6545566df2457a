/** What a superblock says of its filesystem, for printing. */

import { type FilesystemFacts, textOf, uuidText } from "../../reading/facts.ts";
import { ALGORITHMS } from "../format/compression.ts";
import type { Algorithm } from "./compressed/algorithm.ts";
import { featureNames } from "./features.ts";
import type { ErofsFilesystem } from "./filesystem.ts";
import { timestamp } from "./inode.ts";

/** What a superblock of EROFS says; sizes are bytes. */
export interface ErofsFacts extends FilesystemFacts {
  readonly type: "erofs";
  readonly blocks: number;
  /** How files may be compressed. */
  readonly compression: readonly Algorithm[];
}

export function inspect({ volume }: ErofsFilesystem): ErofsFacts {
  const { fields, blockSize } = volume.superblock;
  return {
    type: "erofs",
    uuid: uuidText(fields.uuid),
    label: textOf(fields.volume_name),
    features: featureNames({ compat: fields.feature_compat, incompat: fields.feature_incompat }),
    // Nobody writes to it.
    clean: true,
    blockSize,
    size: fields.blocks * blockSize,
    free: 0,
    blocks: fields.blocks,
    inodes: fields.inos,
    compression: algorithms(
      fields.available_compr_algs,
      volume.has("compr_cfgs"),
      volume.has("lz4_0padding"),
    ),
    created: fields.epoch === 0 ? undefined : timestamp(fields.epoch + fields.build_time, fields.fixed_nsec),
  };
}

/** Without compr_cfgs there is LZ4 alone, and the field has another meaning. */
function algorithms(bits: number, areListed: boolean, hasPadding: boolean): Algorithm[] {
  if (!areListed) return hasPadding ? ["lz4"] : [];
  return ALGORITHMS.filter((_, number) => (bits & (1 << number)) !== 0);
}
