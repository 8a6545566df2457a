/** ext4 and what came before it: one format that grew. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { DIRECTORY_TAIL_SIZE, DX_NODE, DX_ROOT } from "../format/directory.ts";
import { COMPAT, INCOMPAT, RO_COMPAT } from "../format/features.ts";
import { DESCRIPTOR_SIZE, OLD_DESCRIPTOR_SIZE } from "../format/group-descriptor.ts";
import { EXT3_LINK_MAX, EXT4_LINK_MAX } from "../format/inode.ts";
import { BLOCK_MAP_FILE_BLOCKS, BLOCK_MAP_FORM } from "./block-map.ts";
import { EXTENT_TREE } from "./extent-tree.ts";
import type { MapForm } from "./mapping.ts";

export type VariantName = "ext4" | "ext3" | "ext2";

/** What the blocks of a directory have room for. */
export interface DirectoryRoom {
  /** Bytes for entries in a block. */
  readonly entries: number;
  /** dx_entries in the root of an index and in its other blocks. */
  readonly rootLimit: number;
  readonly nodeLimit: number;
}

/** What tells one variant from the others. */
export interface Variant {
  readonly name: VariantName;
  /** s_feature_*, but for what depends on the filesystem: has_journal, ea_inode, readonly. */
  readonly compat: number;
  readonly incompat: number;
  readonly roCompat: number;
  /** Whether there is a journal: ext3 without one is ext2, and ext2 with one is ext3. */
  readonly journal: "optional" | "always" | "never";
  /** Whether every structure has a checksum (metadata_csum), which lets groups go without bitmaps, too. */
  readonly checksums: boolean;
  /** Whether bitmaps and inode tables may lie outside of their group (flex_bg). */
  readonly flexible: boolean;
  /** Whether values of attributes may have inodes of their own (ea_inode). */
  readonly valueInodes: boolean;
  /** Bytes of a group descriptor. */
  readonly descriptorSize: number;
  /** Most blocks of a filesystem. */
  readonly maximumBlocks: number;
  /** Most blocks of a file, holes included. */
  readonly fileBlocks: number;
  /** Most names of a file. */
  readonly linkMax: number;
  /** Whether a directory with more subdirectories than that counts as 1 (dir_nlink). */
  readonly manyDirectories: boolean;
  readonly map: MapForm;
  readonly directory: DirectoryRoom;
}

const EXT3_COMPAT = COMPAT.ext_attr | COMPAT.dir_index;
const EXT3_RO_COMPAT = RO_COMPAT.sparse_super | RO_COMPAT.large_file;

const EXT4: Variant = {
  name: "ext4",
  compat: EXT3_COMPAT,
  incompat: INCOMPAT.filetype | INCOMPAT.extents | INCOMPAT["64bit"] | INCOMPAT.flex_bg,
  roCompat:
    EXT3_RO_COMPAT |
    RO_COMPAT.huge_file |
    RO_COMPAT.dir_nlink |
    RO_COMPAT.extra_isize |
    RO_COMPAT.metadata_csum,
  journal: "optional",
  checksums: true,
  flexible: true,
  valueInodes: true,
  descriptorSize: DESCRIPTOR_SIZE,
  // Half a group of descriptors. Beyond, a backup would crowd out its group.
  maximumBlocks: 2 ** 35,
  // 32-bit block numbers of which the last one means "none" (EXT_MAX_BLOCKS, ext4_extents.h).
  fileBlocks: 2 ** 32 - 1,
  linkMax: EXT4_LINK_MAX,
  manyDirectories: true,
  map: EXTENT_TREE,
  directory: {
    entries: BLOCK_SIZE - DIRECTORY_TAIL_SIZE,
    rootLimit: DX_ROOT.limit,
    nodeLimit: DX_NODE.limit,
  },
};

/** As mke2fs -t ext3 makes it: with inodes of 256 bytes, whose fields past the old 128 no feature speaks of. */
const EXT3: Variant = {
  name: "ext3",
  compat: EXT3_COMPAT,
  incompat: INCOMPAT.filetype,
  roCompat: EXT3_RO_COMPAT,
  journal: "always",
  checksums: false,
  flexible: false,
  valueInodes: false,
  descriptorSize: OLD_DESCRIPTOR_SIZE,
  maximumBlocks: 2 ** 32 - 1,
  fileBlocks: BLOCK_MAP_FILE_BLOCKS,
  linkMax: EXT3_LINK_MAX,
  manyDirectories: false,
  map: BLOCK_MAP_FORM,
  // Without a checksum at the block's end there is room for one more dx_entry.
  directory: { entries: BLOCK_SIZE, rootLimit: DX_ROOT.limit + 1, nodeLimit: DX_NODE.limit + 1 },
};

const EXT2: Variant = { ...EXT3, name: "ext2", journal: "never" };

export const VARIANTS: Readonly<Record<VariantName, Variant>> = { ext4: EXT4, ext3: EXT3, ext2: EXT2 };
