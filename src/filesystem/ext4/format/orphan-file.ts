import { le32 } from "../../../blocks/field.ts";

/** ob_magic of a block of the orphan file (fs/ext4/ext4.h, EXT4_ORPHAN_BLOCK_MAGIC). */
export const ORPHAN_BLOCK_MAGIC = 0x0b10ca04;

/** struct ext4_orphan_block_tail: the end of each block of the orphan file, after the numbers of inodes. */
export const ORPHAN_TAIL = { ob_magic: le32(0x0), ob_checksum: le32(0x4) };
export const ORPHAN_TAIL_SIZE = 8;
