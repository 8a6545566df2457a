/** The polynomial of crc16 (lib/crc16.c), reflected. */
const POLYNOMIAL = 0xa001;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >> 1 : (value >> 1) ^ POLYNOMIAL;
  return value;
});

/** The running CRC-16 of group descriptors with the uninit_bg feature; it begins with 0xffff. */
export function crc16(running: number, bytes: Uint8Array): number {
  let value = running;
  for (const byte of bytes) value = (value >> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0);
  return value;
}
