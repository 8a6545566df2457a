/**
 * Tars made byte by byte, with every field in the test's hand: also such as no program would write. Strings are bytes,
 * one character each (latin1).
 */

const BLOCK = 512;

const TYPEFLAGS = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
} as const;

/** Offsets and widths of a header's fields, to overwrite them as they are. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  chksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;

export type PaxRecords = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

export interface TarItem {
  readonly path?: string;
  /** A kind, or a typeflag's one character. */
  readonly type?: keyof typeof TYPEFLAGS | (string & {});
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Whole seconds. */
  readonly mtime?: number;
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  /** The contents; padded to whole blocks. */
  readonly data?: string | Uint8Array;
  /** What the header says, if not the length of the data. */
  readonly size?: number;
  /** "ustar\0" + "00", unless told otherwise; "" for a v7 header. */
  readonly magic?: string;
  /** An extended header in front. */
  readonly pax?: PaxRecords;
  /** Fields as they are to stand in the header, whatever the rest says. */
  readonly raw?: Partial<Record<keyof typeof FIELDS, string | Uint8Array>>;
  /** Bytes over the finished header, at an offset; the checksum is made after them. */
  readonly patch?: readonly (readonly [offset: number, bytes: string | Uint8Array])[];
}

/** A tar of the items, with its end marker; bytes among them are put in as they are. */
export function tar(items: readonly (TarItem | Uint8Array)[]): Buffer {
  return Buffer.concat([...items.map((item) => (item instanceof Uint8Array ? item : tarItem(item))), END]);
}

/** The end marker. */
export const END: Uint8Array = new Uint8Array(2 * BLOCK);

/** One entry without an end marker: extended header, header, contents. */
export function tarItem(item: TarItem): Buffer {
  const data = bytesOf(item.data ?? "");
  const extended = item.pax === undefined ? Buffer.alloc(0) : paxHeader(item.pax);
  return Buffer.concat([extended, tarHeader(item, data.length), padded(data)]);
}

/** An extended header ("x"), or a global one ("g"). */
export function paxHeader(records: PaxRecords, typeflag = "x"): Buffer {
  const text = bytesOf(paxText(records));
  return Buffer.concat([tarHeader({ path: "pax", type: typeflag }, text.length), padded(text)]);
}

/** A GNU long name ("L") or link name ("K"). */
export function gnuLongName(typeflag: "L" | "K", name: string): Buffer {
  return tarItem({ path: "././@LongLink", type: typeflag, data: `${name}\0`, magic: "ustar  \0" });
}

/** Records "length keyword=value\n", each length counting its own digits. */
export function paxText(records: PaxRecords): string {
  const list = Array.isArray(records)
    ? (records as readonly (readonly [string, string])[])
    : Object.entries(records);
  return list
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      let length = rest.length + 1;
      while (`${length}`.length + rest.length !== length) length++;
      return `${length}${rest}`;
    })
    .join("");
}

/** A header block; `length` is the size it tells unless the item says another. */
export function tarHeader(item: TarItem, length = 0): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELDS, value: string | Uint8Array) => {
    const [offset, width] = FIELDS[field];
    block.fill(0, offset, offset + width);
    block.set(bytesOf(value).subarray(0, width), offset);
  };
  const { type = "file" } = item;
  put("name", item.path ?? "file");
  put("mode", number(item.mode ?? 0o644, 8));
  put("uid", number(item.uid ?? 0, 8));
  put("gid", number(item.gid ?? 0, 8));
  put("size", number(item.size ?? length, 12));
  put("mtime", number(item.mtime ?? 0, 12));
  put("typeflag", type in TYPEFLAGS ? TYPEFLAGS[type as keyof typeof TYPEFLAGS] : type);
  put("linkname", item.linkname ?? "");
  put("magic", item.magic ?? "ustar\x0000");
  if (item.magic !== "") {
    put("devmajor", number(item.major ?? 0, 8));
    put("devminor", number(item.minor ?? 0, 8));
  }
  for (const [field, value] of Object.entries(item.raw ?? {})) put(field as keyof typeof FIELDS, value);
  for (const [offset, bytes] of item.patch ?? []) block.set(bytesOf(bytes), offset);
  if (item.raw?.chksum === undefined) put("chksum", checksum(block));
  return block;
}

/** A numeric field: octal with a NUL, or base-256 where that cannot hold it. */
export function number(value: number, width: number): Uint8Array {
  const octal = value.toString(8);
  if (value >= 0 && octal.length < width) return bytesOf(`${octal.padStart(width - 1, "0")}\0`);
  const field = Buffer.alloc(width);
  let rest = BigInt.asUintN(8 * width, BigInt(value)) | (1n << BigInt(8 * width - 1));
  for (let at = width - 1; at >= 0; at--, rest >>= 8n) field[at] = Number(rest & 0xffn);
  return field;
}

/** The checksum field of a header, by unsigned or by signed bytes. */
export function checksum(block: Uint8Array, signed = false): string {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    sum += signed && byte > 127 ? byte - 256 : byte;
  }
  return `${sum.toString(8).padStart(6, "0")}\0 `;
}

function padded(data: Uint8Array): Uint8Array {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? Buffer.from(value, "latin1") : value;
}
