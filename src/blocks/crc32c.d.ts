/** The crc-32 package describes only its main file; this is the part of crc32c.js that is used. */
declare module "crc-32/crc32c.js" {
  const crc32c: {
    /** The finished (inverted) CRC-32C of `data` after data whose finished CRC is `seed`; signed. */
    buf(data: Uint8Array, seed?: number): number;
  };
  export = crc32c;
}
