import { be32, be64, bytes, le32 } from "../../../blocks/field.ts";

export const XFS_AGFL_MAGIC = 0x5841464c;
export const AGFL_SECTOR = 3;
/** A slot that holds no block. */
export const NULLAGBLOCK = 0xffffffff;

/** struct xfs_agfl (fs/xfs/libxfs/xfs_format.h): blocks kept for the trees of free space, 4 bytes each. */
export const AGFL = {
  agfl_magicnum: be32(0),
  agfl_seqno: be32(4),
  agfl_uuid: bytes(8, 16),
  agfl_lsn: be64(24),
  agfl_crc: le32(32),
};
export const AGFL_SLOTS_OFFSET = 36;
/** Slots in a sector of 512 bytes. */
export const AGFL_SLOTS = 119;
