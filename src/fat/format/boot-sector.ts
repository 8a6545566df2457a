import { bytes, le16, le32, u8 } from "../../blocks/field.ts";

export const SECTOR_SIZE = 512;

/**
 * The first sector of a FAT12 or FAT16 volume: BIOS parameter block and what follows it (struct fat_boot_sector,
 * linux/msdos_fs.h; ECMA-107, 10). Names are the specification's of Microsoft ("FAT: General Overview of On-Disk
 * Format", 1.03), as dosfstools has them, too.
 */
export const BOOT_SECTOR = {
  /** A jump over the tables, which readers look for. */
  jmpBoot: bytes(0x000, 3),
  OEMName: bytes(0x003, 8),
  BytsPerSec: le16(0x00b),
  SecPerClus: u8(0x00d),
  RsvdSecCnt: le16(0x00e),
  NumFATs: u8(0x010),
  RootEntCnt: le16(0x011),
  /** All sectors; 0 where the number takes more than 16 bits. */
  TotSec16: le16(0x013),
  Media: u8(0x015),
  FATSz16: le16(0x016),
  SecPerTrk: le16(0x018),
  NumHeads: le16(0x01a),
  HiddSec: le32(0x01c),
  TotSec32: le32(0x020),
  DrvNum: u8(0x024),
  BootSig: u8(0x026),
  VolID: le32(0x027),
  VolLab: bytes(0x02b, 11),
  FilSysType: bytes(0x036, 8),
  signature: le16(0x1fe),
};

/** jmp 0x3e, nop */
export const JUMP = Uint8Array.of(0xeb, 0x3c, 0x90);
/** A disk that is not a floppy; the first byte of the table of clusters is the same. */
export const MEDIA_FIXED = 0xf8;
export const DRIVE_FIXED = 0x80;
/** VolID, VolLab and FilSysType are there. */
export const EXTENDED_BOOT_SIGNATURE = 0x29;
export const BOOT_SIGNATURE = 0xaa55;
