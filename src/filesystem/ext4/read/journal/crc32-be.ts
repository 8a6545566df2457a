/** The polynomial of CRC-32, highest power first. */
const POLYNOMIAL = 0x04c11db7;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ POLYNOMIAL : value << 1;
  return value;
});

/** The running CRC-32 of transactions (lib/crc32.c, crc32_be); it begins with ~0 and is not inverted at its end. */
export function crc32Be(running: number, bytes: Uint8Array): number {
  let value = running;
  for (const byte of bytes) value = (value << 8) ^ (TABLE[(value >>> 24) ^ byte] ?? 0);
  return value >>> 0;
}
