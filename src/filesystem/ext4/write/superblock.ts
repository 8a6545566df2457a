import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { encode, high32, viewOf } from "../../../blocks/field.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import { superblockChecksum } from "../format/checksum.ts";
import { DX_HASH_HALF_MD4 } from "../format/directory.ts";
import { COMPAT, INCOMPAT, RO_COMPAT } from "../format/features.ts";
import { DESCRIPTOR_SIZE } from "../format/group-descriptor.ts";
import {
  EXT4_GOOD_OLD_FIRST_INO,
  EXT4_JOURNAL_INO,
  EXTRA_ISIZE,
  I_BLOCK_SIZE,
  INODE_SIZE,
} from "../format/inode.ts";
import {
  EXT3_JNL_BACKUP_BLOCKS,
  EXT4_CRC32C_CHKSUM,
  EXT4_DEFM_ACL,
  EXT4_DEFM_XATTR_USER,
  EXT4_DYNAMIC_REV,
  EXT4_ERRORS_CONTINUE,
  EXT4_FLAGS_SIGNED_HASH,
  EXT4_OS_LINUX,
  EXT4_SUPER_MAGIC,
  EXT4_VALID_FS,
  SUPERBLOCK,
  SUPERBLOCK_SIZE,
} from "../format/superblock.ts";
import { BLOCKS_PER_GROUP } from "./geometry.ts";
import { LOG_GROUPS_PER_FLEX } from "./group-layout.ts";
import type { Ext4Plan } from "./plan.ts";
import type { Variant } from "./variant.ts";

/** s_max_mnt_count for "never check because of mounts"; the kernel makes 20 of a 0. */
const NO_MOUNT_LIMIT = 0xffff;
/** The superblock has 40 bits of seconds. */
const LATEST = 2 ** 40 - 1;

/** The superblock's 1,024 bytes as they are in group 0. */
export function encodeSuperblock(plan: Ext4Plan): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_SIZE);
  encode(SUPERBLOCK, viewOf(bytes), 0, {
    ...countsOf(plan),
    ...identityOf(plan),
    ...timesOf(plan.options.time),
    s_log_block_size: Math.log2(BLOCK_SIZE / 1024),
    s_log_cluster_size: Math.log2(BLOCK_SIZE / 1024),
    s_blocks_per_group: BLOCKS_PER_GROUP,
    s_clusters_per_group: BLOCKS_PER_GROUP,
    s_inodes_per_group: plan.placement.layout.inodesPerGroup,
    s_max_mnt_count: NO_MOUNT_LIMIT,
    s_magic: EXT4_SUPER_MAGIC,
    s_state: EXT4_VALID_FS,
    s_errors: EXT4_ERRORS_CONTINUE,
    s_creator_os: EXT4_OS_LINUX,
    s_rev_level: EXT4_DYNAMIC_REV,
    s_first_ino: EXT4_GOOD_OLD_FIRST_INO,
    s_inode_size: INODE_SIZE,
    ...featuresOf(plan),
    ...journalOf(plan),
    s_def_hash_version: DX_HASH_HALF_MD4,
    s_default_mount_opts: EXT4_DEFM_XATTR_USER | EXT4_DEFM_ACL,
    s_min_extra_isize: EXTRA_ISIZE,
    s_want_extra_isize: EXTRA_ISIZE,
    s_flags: EXT4_FLAGS_SIGNED_HASH,
  });
  return sealSuperblock(bytes, 0, plan.variant);
}

/** Makes the superblock that of a group: its number and any checksum. The same bytes, for the next backup. */
export function sealSuperblock(bytes: Uint8Array, group: number, { checksums }: Variant): Uint8Array {
  const view = viewOf(bytes);
  SUPERBLOCK.s_block_group_nr.put(view, 0, group);
  if (!checksums) return bytes;
  SUPERBLOCK.s_checksum.put(view, 0, superblockChecksum(bytes.subarray(0, SUPERBLOCK.s_checksum.offset)));
  return bytes;
}

/** s_feature_* and what goes with the features. */
function featuresOf({ variant, options, namespace, placement: { layout } }: Ext4Plan) {
  return {
    s_feature_compat: variant.compat | (layout.journalBlocks === 0 ? 0 : COMPAT.has_journal),
    s_feature_incompat: variant.incompat | (namespace.valueInodes === 0 ? 0 : INCOMPAT.ea_inode),
    s_feature_ro_compat: variant.roCompat | (options.readOnly ? RO_COMPAT.readonly : 0),
    s_desc_size: variant.descriptorSize === DESCRIPTOR_SIZE ? DESCRIPTOR_SIZE : 0,
    s_log_groups_per_flex: variant.flexible ? LOG_GROUPS_PER_FLEX : 0,
    s_checksum_type: variant.checksums ? EXT4_CRC32C_CHKSUM : 0,
  };
}

function countsOf({ inodes, freeInodes, blocks, freeBlocks }: Ext4Plan) {
  return {
    s_inodes_count: inodes,
    s_free_inodes_count: freeInodes,
    s_blocks_count_lo: blocks,
    s_blocks_count_hi: high32(blocks),
    s_free_blocks_count_lo: freeBlocks,
    s_free_blocks_count_hi: high32(freeBlocks),
  };
}

function identityOf({ options }: Ext4Plan) {
  return {
    s_uuid: options.uuid,
    s_hash_seed: options.hashSeed,
    s_volume_name: Uint8Array.from(options.label, (character) => character.charCodeAt(0)),
  };
}

function timesOf(time: Timestamp) {
  const seconds = Math.min(Math.max(time.seconds, 0), LATEST);
  return {
    s_wtime: seconds,
    s_wtime_hi: high32(seconds),
    s_lastcheck: seconds,
    s_lastcheck_hi: high32(seconds),
    s_mkfs_time: seconds,
    s_mkfs_time_hi: high32(seconds),
  };
}

/** Where the journal is, and in s_jnl_blocks what e2fsck needs to find it without its inode. */
function journalOf({ variant, placement: { journal, layout } }: Ext4Plan) {
  if (layout.journalBlocks === 0) return {};
  const bytes = new Uint8Array(SUPERBLOCK.s_jnl_blocks.width);
  const view = viewOf(bytes);
  const size = layout.journalBlocks * BLOCK_SIZE;
  variant.map.encodeRoot(journal, view, 0);
  view.setUint32(I_BLOCK_SIZE, high32(size), true);
  view.setUint32(I_BLOCK_SIZE + 4, size, true);
  return {
    s_journal_inum: EXT4_JOURNAL_INO,
    s_jnl_backup_type: EXT3_JNL_BACKUP_BLOCKS,
    s_jnl_blocks: bytes,
  };
}
