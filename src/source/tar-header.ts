import { TAR_BLOCK, TAR_FIELDS, TYPEFLAG, USTAR_MAGIC } from "./tar-fields.ts";

/** What a header block says. Names are bytes, one character each. */
export interface TarHeader {
  readonly name: string;
  /** Bytes that follow, before padding; 0 for types that have no content whatever their size field says. */
  readonly size: number;
  readonly typeflag: string;
  readonly linkname: string;
}

const WITHOUT_CONTENT: ReadonlySet<string> = new Set([
  TYPEFLAG.link,
  TYPEFLAG.symlink,
  TYPEFLAG.char,
  TYPEFLAG.block,
  TYPEFLAG.directory,
  TYPEFLAG.fifo,
]);

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

export function hasContent(typeflag: string): boolean {
  return !WITHOUT_CONTENT.has(typeflag);
}

/** Parses a block of 512 bytes; undefined if it is no header: wrong checksum, or a size that is no number. */
export function parseTarHeader(block: Uint8Array): TarHeader | undefined {
  if (parseNumber(field(block, "chksum")) !== checksum(block)) return undefined;
  const size = parseNumber(field(block, "size"));
  if (size === undefined) return undefined;
  const typeflag = latin1(field(block, "typeflag"));
  const prefix = latin1(field(block, "magic")) === USTAR_MAGIC ? text(field(block, "prefix")) : "";
  const name = text(field(block, "name"));
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: hasContent(typeflag) ? size : 0,
    typeflag,
    linkname: text(field(block, "linkname")),
  };
}

/**
 * The records of a pax extended header, "LENGTH KEY=VALUE\n" each, LENGTH counting the whole record; later ones win.
 * Undefined if they are malformed.
 */
export function parsePaxRecords(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>();
  const all = latin1(bytes);
  for (let start = 0; start < all.length; ) {
    const [prefix = "", digits = ""] = /^(\d{1,9}) /.exec(all.slice(start, start + 10)) ?? [];
    const end = start + Number(digits);
    const equals = all.indexOf("=", start + prefix.length);
    if (prefix === "" || end > all.length || all[end - 1] !== "\n" || equals === -1 || equals >= end)
      return undefined;
    records.set(all.slice(start + prefix.length, equals), all.slice(equals + 1, end - 1));
    start = end;
  }
  return records;
}

/** Bytes up to the first NUL, one character each. */
export function text(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return latin1(nul === -1 ? bytes : bytes.subarray(0, nul));
}

/** Octal digits, or, when the first bit is set, GNU's big-endian binary. Undefined for anything else. */
function parseNumber(bytes: Uint8Array): number | undefined {
  const [first = 0] = bytes;
  if (first < 0x80) {
    const digits = latin1(bytes).replace(/^[ \0]+|[ \0]+$/g, "");
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : undefined;
  }
  // The second bit is the sign: no size is negative.
  if (first >= 0xc0) return undefined;
  const value = bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x3f);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The sum of the block's bytes, with the checksum's own field as spaces. */
function checksum(block: Uint8Array): number {
  const [start, width] = TAR_FIELDS.chksum;
  const own = block.subarray(start, start + width);
  return sum(block.subarray(0, TAR_BLOCK)) - sum(own) + width * 0x20;
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0);
}

function field(block: Uint8Array, name: keyof typeof TAR_FIELDS): Uint8Array {
  const [offset, width] = TAR_FIELDS[name];
  return block.subarray(offset, offset + width);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
