import { bytes, le32 } from "../../../blocks/field.ts";

/** i_block without an extent tree (EXT4_NDIR_BLOCKS and on, fs/ext4/ext4.h): 0 anywhere is a hole. */
export const BLOCK_MAP = {
  /** The file's first blocks. */
  direct: bytes(0x00, 48),
  /** Blocks of one, two and three levels of pointers. */
  indirect: le32(0x30),
  double_indirect: le32(0x34),
  triple_indirect: le32(0x38),
};
export const DIRECT_BLOCKS = 12;
/** Bytes of the number of a block. */
export const POINTER_SIZE = 4;
/** Numbers that fill a 4 KiB block of pointers. */
export const POINTERS_PER_BLOCK = 1024;
