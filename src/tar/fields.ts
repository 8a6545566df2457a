import { TarFault } from "./fault.ts";
import { BLOCK, type Field, HEADER } from "./format.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
/** The lower byte of each half of a word. */
const HALVES = 0x00ff00ff;
const words = new Int32Array(BLOCK / Int32Array.BYTES_PER_ELEMENT);
const wordBytes = new Uint8Array(words.buffer);

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
 * A numeric field, as GNU tar (`from_header`) and Go's archive/tar (`parseNumeric`) read it: octal digits with blanks
 * before them and a blank behind, or GNU's base-256 (first bit set, then big-endian two's complement). Blanks are
 * spaces and NULs, a field of nothing else is 0, and what follows the blank behind is nobody's: some writers leave old
 * bytes there. Throws TarFault for anything else and beyond 2^63.
 *
 * The two differ about NULs before the digits. Both pass over one in the first byte, which old writers left where the
 * field before ran over; a later one ends the field for GNU tar, so that it is 0. Go reads on, and so do we: a size
 * that is taken for 0 loses the contents.
 */
export function readNumber(block: Uint8Array, field: Field): number {
  const limit = field.offset + field.width;
  let at = field.offset;
  let ended = false;
  for (; at < limit && isBlank(block[at] ?? 0); at++) ended ||= block[at] === 0 && at > field.offset;
  const first = block[at] ?? 0;
  if (at === limit) return 0;
  if (isDigit(first)) return readOctal(block, field, at);
  // Both bytes that GNU tar's own numbers begin with may follow a blank.
  const isBinary = at === field.offset ? first >= 0x80 : first === 0x80 || first === 0xff;
  if (isBinary && !ended) return readBase256(block, field, at);
  if (ended) return 0;
  throw noNumber(field);
}

/** A number that counts something, as readNumber reads it: TarFault for negative ones and beyond 2^53 too. */
export function readCount(block: Uint8Array, field: Field): number {
  const value = readNumber(block, field);
  if (value < 0) throw new TarFault(`the field "${field.name}" is negative`);
  if (!Number.isSafeInteger(value)) throw new TarFault(`the field "${field.name}" is beyond 2^53`);
  return value;
}

/** As isspace(3) in C's locale, and NUL. */
function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 0 || (byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= SEVEN;
}

function readOctal(block: Uint8Array, field: Field, start: number): number {
  const limit = field.offset + field.width;
  let value = 0;
  let at = start;
  // Without a call for each digit: a small image is done before that is compiled.
  for (; at < limit; at++) {
    const digit = (block[at] ?? 0) - ZERO;
    if (digit < 0 || digit > SEVEN - ZERO) break;
    value = value * 8 + digit;
  }
  if (at < limit && !isBlank(block[at] ?? 0)) throw noNumber(field);
  return value;
}

const BEYOND = 2 ** 63;

function readBase256(block: Uint8Array, field: Field, start: number): number {
  const first = block[start] ?? 0;
  const negative = (first & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = (first ^ flip) & 0x3f;
  for (let at = start + 1; at < field.offset + field.width; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ flip);
  }
  if (value >= BEYOND) throw new TarFault(`the field "${field.name}" is beyond 2^63`);
  return negative ? -value - 1 : value;
}

function noNumber(field: Field): TarFault {
  return new TarFault(`the field "${field.name}" is not a number`);
}

/** Whether the block's checksum holds, as POSIX sums it (bytes are unsigned) or as some old tars did (signed). */
export function checksumHolds(block: Uint8Array): boolean {
  const { chksum } = HEADER;
  const stored = readNumber(block, chksum);
  let sum = sumOf(block) + chksum.width * SPACE;
  for (let at = chksum.offset; at < chksum.offset + chksum.width; at++) sum -= block[at] ?? 0;
  return stored === sum || stored === sum - 256 * highBytes(block);
}

/** All bytes of a block: four at a time, two of them in each half of a word, where the sum of 128 has room. */
function sumOf(block: Uint8Array): number {
  wordBytes.set(block);
  let even = 0;
  let odd = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? 0;
    even += word & HALVES;
    odd += (word >>> 8) & HALVES;
  }
  return (even & 0xffff) + (even >>> 16) + (odd & 0xffff) + (odd >>> 16);
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
