import { BLOCK, HEADER, USTAR_MAGIC } from "./format.ts";

const LARGEST_OCTAL = 0o77777777777;
const ZERO = 0x30;

const EMPTY_HEADER = emptyHeader();
const EMPTY_SUM = EMPTY_HEADER.reduce((sum, byte) => sum + byte, 0);

/** A header that says no more than: a plain file of `size` bytes. */
export function contentsHeader(size: number): Uint8Array {
  const block = EMPTY_HEADER.slice();
  const { size: field, chksum } = HEADER;
  if (size <= LARGEST_OCTAL) writeOctal(block, field.offset, 11, size);
  else writeBase256(block, size);
  let sum = EMPTY_SUM;
  for (let at = field.offset; at < field.offset + field.width; at++) sum += block[at] ?? 0;
  writeOctal(block, chksum.offset, 6, sum);
  return block;
}

function emptyHeader(): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  block.write(" ".repeat(HEADER.chksum.width), HEADER.chksum.offset, "latin1");
  block.write("0", HEADER.typeflag.offset, "latin1");
  block.write(`${USTAR_MAGIC}00`, HEADER.magic.offset, "latin1");
  return new Uint8Array(block);
}

function writeOctal(block: Uint8Array, offset: number, digits: number, value: number): void {
  let rest = value;
  for (let at = offset + digits - 1; at >= offset; at--) {
    block[at] = ZERO + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

function writeBase256(block: Uint8Array, size: number): void {
  const { offset, width } = HEADER.size;
  let rest = size;
  for (let at = offset + width - 1; at > offset; at--) {
    block[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[offset] = 0x80;
}
