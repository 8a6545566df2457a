import { TarFault } from "./fault.ts";
import { BLOCK, type Field, HEADER } from "./format.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

/** The field's bytes up to the first NUL, one character each. */
export function readString(block: Buffer, field: Field): string {
  const limit = field.offset + field.width;
  let end = field.offset;
  while (end < limit && block[end] !== 0) end++;
  // Most are empty, and a call into the runtime costs more than all of the above.
  if (end === field.offset) return "";
  return block.toString("latin1", field.offset, end);
}

/**
 * A numeric field: octal digits with spaces before and a space or NUL after, blank for 0, or GNU's base-256 (first bit
 * set, then big-endian two's complement). Throws TarFault for anything else and beyond 2^53: a number that
 * two readers could take differently decides where the next header lies.
 */
export function readNumber(block: Uint8Array, field: Field): number {
  return ((block[field.offset] ?? 0) & 0x80) === 0 ? readOctal(block, field) : readBase256(block, field);
}

function readOctal(block: Uint8Array, field: Field): number {
  const limit = field.offset + field.width;
  let at = field.offset;
  while (at < limit && block[at] === SPACE) at++;
  let value = 0;
  for (; at < limit; at++) {
    const byte = block[at] ?? 0;
    if (byte < ZERO || byte > SEVEN) break;
    value = value * 8 + (byte - ZERO);
  }
  // What follows a NUL is nobody's: some writers leave old bytes there.
  while (at < limit && block[at] === SPACE) at++;
  if (at < limit && block[at] !== 0) throw new TarFault(`the field "${field.name}" is not a number`);
  return value;
}

function readBase256(block: Uint8Array, field: Field): number {
  const first = block[field.offset] ?? 0;
  const negative = (first & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = (first ^ flip) & 0x3f;
  for (let at = field.offset + 1; at < field.offset + field.width; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ flip);
    if (value > Number.MAX_SAFE_INTEGER) throw new TarFault(`the field "${field.name}" is beyond 2^53`);
  }
  return negative ? -value - 1 : value;
}

/** Whether the block's checksum holds, as POSIX sums it (bytes are unsigned) or as some old tars did (signed). */
export function checksumHolds(block: Uint8Array): boolean {
  const { chksum } = HEADER;
  const stored = readNumber(block, chksum);
  let sum = chksum.width * SPACE;
  for (let at = 0; at < chksum.offset; at++) sum += block[at] ?? 0;
  for (let at = chksum.offset + chksum.width; at < BLOCK; at++) sum += block[at] ?? 0;
  return stored === sum || stored === sum - 256 * highBytes(block);
}

/** Bytes from 128 on, outside the checksum. */
function highBytes(block: Uint8Array): number {
  const { chksum } = HEADER;
  let count = 0;
  for (let at = 0; at < BLOCK; at++) {
    if ((at < chksum.offset || at >= chksum.offset + chksum.width) && (block[at] ?? 0) > 127) count++;
  }
  return count;
}

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
