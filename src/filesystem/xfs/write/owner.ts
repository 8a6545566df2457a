/** What blocks say of themselves: where they lie, and whose they are. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { ATTR_VALUE_BLOCK } from "../format/attribute.ts";
import { LONG_BTREE_BLOCK } from "../format/btree.ts";
import { seal } from "../format/checksum.ts";
import { DA_BLOCK } from "../format/da-block.ts";
import { DIRECTORY_BLOCK } from "../format/directory.ts";
import { SECTOR_SIZE } from "../format/superblock.ts";
import { SYMLINK_BLOCK } from "../format/symlink.ts";

/** The inode that a block belongs to. */
export interface Owner {
  readonly number: number;
  /** Of the filesystem. */
  readonly uuid: Uint8Array;
}

const SECTORS_PER_BLOCK = BLOCK_SIZE / SECTOR_SIZE;

/** What a self-describing block says of its place: it counts sectors. */
export function daddrOf(block: number): number {
  return block * SECTORS_PER_BLOCK;
}

/** Completes a block of a file's tree of extents. */
export function sealLongBlock(bytes: Uint8Array, block: number, { number, uuid }: Owner): void {
  const view = viewOf(bytes);
  LONG_BTREE_BLOCK.bb_blkno.put(view, 0, daddrOf(block));
  LONG_BTREE_BLOCK.bb_uuid.put(view, 0, uuid);
  LONG_BTREE_BLOCK.bb_owner.put(view, 0, number);
  seal(bytes, LONG_BTREE_BLOCK.bb_crc);
}

/** Completes a block that is found by hash. */
export function sealDaBlock(bytes: Uint8Array, block: number, { number, uuid }: Owner): void {
  const view = viewOf(bytes);
  DA_BLOCK.blkno.put(view, 0, daddrOf(block));
  DA_BLOCK.uuid.put(view, 0, uuid);
  DA_BLOCK.owner.put(view, 0, number);
  seal(bytes, DA_BLOCK.crc);
}

/** Completes a block of entries or a free index. */
export function sealDirectoryBlock(bytes: Uint8Array, block: number, { number, uuid }: Owner): void {
  const view = viewOf(bytes);
  DIRECTORY_BLOCK.blkno.put(view, 0, daddrOf(block));
  DIRECTORY_BLOCK.uuid.put(view, 0, uuid);
  DIRECTORY_BLOCK.owner.put(view, 0, number);
  seal(bytes, DIRECTORY_BLOCK.crc);
}

/** Completes a block of an attribute's value. */
export function sealValueBlock(bytes: Uint8Array, block: number, { number, uuid }: Owner): void {
  const view = viewOf(bytes);
  ATTR_VALUE_BLOCK.rm_blkno.put(view, 0, daddrOf(block));
  ATTR_VALUE_BLOCK.rm_uuid.put(view, 0, uuid);
  ATTR_VALUE_BLOCK.rm_owner.put(view, 0, number);
  ATTR_VALUE_BLOCK.rm_lsn.put(view, 0, -1);
  seal(bytes, ATTR_VALUE_BLOCK.rm_crc);
}

/** Completes a block with a symlink's target. */
export function sealSymlinkBlock(bytes: Uint8Array, block: number, { number, uuid }: Owner): void {
  const view = viewOf(bytes);
  SYMLINK_BLOCK.sl_blkno.put(view, 0, daddrOf(block));
  SYMLINK_BLOCK.sl_uuid.put(view, 0, uuid);
  SYMLINK_BLOCK.sl_owner.put(view, 0, number);
  seal(bytes, SYMLINK_BLOCK.sl_crc);
}
