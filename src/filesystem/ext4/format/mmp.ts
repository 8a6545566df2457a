import { le32 } from "../../../blocks/field.ts";

export const EXT4_MMP_MAGIC = 0x004d4d50;
/** mmp_seq while no host has the filesystem mounted. */
export const EXT4_MMP_SEQ_CLEAN = 0xff4d4d50;

/** struct mmp_struct (fs/ext4/ext4.h), without who wrote it when. */
export const MMP = { mmp_magic: le32(0x0), mmp_seq: le32(0x4), mmp_checksum: le32(0x3fc) };
export const MMP_CHECKSUM_OFFSET = MMP.mmp_checksum.offset;
