import { crc32cRegister } from "../../../blocks/crc32c.ts";

/** Where every chain of checksums begins (ext4_chksum's ~0). */
const START = 0xffffffff;
const scratch = new Uint8Array(8);
const scratchNumber = scratch.subarray(0, 4);
const scratchView = new DataView(scratch.buffer);

/** ext4's running CRC-32C (fs/ext4/ext4.h, ext4_chksum): the register itself goes in and comes out. */
export const crc = crc32cRegister;

/** As `crc`, over a 32-bit little-endian number. */
export function crcOfNumber(running: number, value: number): number {
  scratchView.setUint32(0, value, true);
  return crc(running, scratchNumber);
}

/** As `crc`, over a 64-bit little-endian number. */
export function crcOfLong(running: number, value: number): number {
  scratchView.setBigUint64(0, BigInt(value), true);
  return crc(running, scratch);
}

/** What every checksum begins with but the superblock's: that of the filesystem's UUID. */
export function filesystemSeed(uuid: Uint8Array): number {
  return crc(START, uuid);
}

/** What an inode's own checksum and those of its directory and extent blocks begin with; i_generation is 0. */
export function inodeSeed(seed: number, number: number): number {
  return crcOfNumber(crcOfNumber(seed, number), 0);
}

/** The checksum of a superblock: of all before s_checksum, without a seed. */
export function superblockChecksum(bytes: Uint8Array): number {
  return crc(START, bytes);
}
