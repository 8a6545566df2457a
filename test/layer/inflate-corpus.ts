import { crc32, deflateRawSync, gzipSync } from "node:zlib";

/** Compressed bytes and what they hold; undefined where they are damaged. */
export interface InflateCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly inflated: Buffer | undefined;
}

/** Text that compresses, and bytes that do not. */
export const SAMPLE = Buffer.concat([
  Buffer.from("the quick brown fox\n".repeat(20_000)),
  Buffer.from(Array.from({ length: 90_000 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 0xff)),
]);

const NONE = Buffer.alloc(0);
const zeros = (count: number) => Buffer.alloc(count);

function flipped(bytes: Uint8Array, at: number, mask = 0x01): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ mask;
  return copy;
}

/** A gzip member with every optional part of its header that `flags` asks for. */
function member(data: Uint8Array, flags = 0, wrongHeaderCrc = 0): Buffer {
  const parts = [Buffer.of(0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3)];
  if (flags & 4) parts.push(Buffer.from("\x06\0ABCDEF", "latin1"));
  if (flags & 8) parts.push(Buffer.from("name\xe9\0", "latin1"));
  if (flags & 16) parts.push(Buffer.from("a comment\0"));
  const header = Buffer.concat(parts);
  const headerCrc = Buffer.alloc(2);
  headerCrc.writeUInt16LE((crc32(header) & 0xffff) ^ wrongHeaderCrc);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data) >>> 0, 0);
  trailer.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, flags & 2 ? headerCrc : NONE, deflateRawSync(data), trailer]);
}

export function gzipCases(): InflateCase[] {
  const one = gzipSync(SAMPLE);
  const small = gzipSync("small");
  const empty = gzipSync("");
  const emptyStored = Buffer.concat([empty.subarray(0, 10), Buffer.of(1, 0, 0, 0xff, 0xff), zeros(8)]);
  const stored = gzipSync(Buffer.concat([SAMPLE, zeros(50_000)]), { level: 0 });
  const many = Array.from({ length: 3000 }, (_, at) => gzipSync(`${at}\n`));
  const numbers = Buffer.from(Array.from({ length: 3000 }, (_, at) => `${at}\n`).join(""));
  const good: [string, Buffer, Buffer][] = [
    ["one member", one, SAMPLE],
    ["a small member", small, Buffer.from("small")],
    ["an empty member", empty, NONE],
    ["an empty member, stored", emptyStored, NONE],
    ["stored blocks that end with zeros", stored, Buffer.concat([SAMPLE, zeros(50_000)])],
    ["the best compression", gzipSync(SAMPLE, { level: 9 }), SAMPLE],
    ["very much out of little", gzipSync(zeros(8 << 20)), zeros(8 << 20)],
    ["two members", Buffer.concat([one, small]), Buffer.concat([SAMPLE, Buffer.from("small")])],
    ["thousands of members", Buffer.concat(many), numbers],
    ["thousands of empty members", Buffer.concat(Array(2000).fill(empty)), NONE],
    [
      "empty members around one",
      Buffer.concat([empty, emptyStored, small, empty, emptyStored]),
      Buffer.from("small"),
    ],
    ["every part of a header", member(SAMPLE, 2 | 4 | 8 | 16), SAMPLE],
    [
      "every part of a second header",
      Buffer.concat([small, member(SAMPLE, 2 | 4 | 8 | 16)]),
      Buffer.concat([Buffer.from("small"), SAMPLE]),
    ],
    ["zeros after the end", Buffer.concat([one, zeros(3000)]), SAMPLE],
    ["a single zero after the end", Buffer.concat([one, zeros(1)]), SAMPLE],
    ["many zeros after the end", Buffer.concat([small, zeros(300_000)]), Buffer.from("small")],
    ["zeros after an empty member", Buffer.concat([empty, zeros(100)]), NONE],
    ["zeros after an empty stored member", Buffer.concat([emptyStored, zeros(7)]), NONE],
    ["zeros after two members", Buffer.concat([small, empty, zeros(512)]), Buffer.from("small")],
  ];
  const bad: [string, Buffer][] = [
    ["a wrong CRC", flipped(one, -5)],
    ["a wrong length", flipped(one, -4)],
    ["a wrong length's high byte", flipped(one, -1)],
    ["a wrong CRC of the first of two", Buffer.concat([flipped(one, -5), small])],
    ["a wrong length of the first of two", Buffer.concat([flipped(one, -3), small])],
    ["a wrong CRC of an empty member", flipped(empty, -5)],
    ["a wrong CRC before zeros", Buffer.concat([flipped(one, -5), zeros(100)])],
    ["a damaged middle", flipped(one, one.length >> 1, 0xff)],
    ["a reserved flag", flipped(one, 3, 0x80)],
    ["another method", flipped(one, 2)],
    ["a wrong header CRC", member(SAMPLE, 2, 1)],
    ["a wrong header CRC in the second header", Buffer.concat([small, member(SAMPLE, 2, 1)])],
    ["a reserved flag in the second header", Buffer.concat([small, flipped(one, 3, 0x40)])],
    ["text after the end", Buffer.concat([one, Buffer.from("garbage")])],
    ["one byte after the end", Buffer.concat([one, Buffer.of(7)])],
    ["the first byte of a member after the end", Buffer.concat([one, Buffer.of(0x1f)])],
    ["three bytes of a member after the end", Buffer.concat([one, Buffer.of(0x1f, 0x8b, 8)])],
    ["text after zeros after the end", Buffer.concat([one, zeros(3000), Buffer.from("garbage")])],
    ["a member after zeros", Buffer.concat([small, zeros(10), small])],
    ["one byte after many zeros", Buffer.concat([small, zeros(200_000), Buffer.of(1)])],
    ...[1, 4, 8, 9, 20, one.length >> 1, one.length - 10, one.length - 5].map((cut): [string, Buffer] => [
      `${cut} bytes cut off`,
      one.subarray(0, one.length - cut),
    ]),
    ["a second member cut in its header", Buffer.concat([one, small.subarray(0, 6)])],
    ["a second member cut in its trailer", Buffer.concat([one, small.subarray(0, small.length - 1)])],
    ["an empty member cut", empty.subarray(0, empty.length - 1)],
  ];
  return [
    ...good.map(([name, bytes, inflated]) => ({ name, bytes, inflated })),
    ...bad.map(([name, bytes]) => ({ name, bytes, inflated: undefined })),
  ];
}

const skippable = (data: Uint8Array, number = 0) => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + number, 0);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data]);
};

const MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

export function zstdCases(): InflateCase[] {
  const one = Buffer.from(Bun.zstdCompressSync(SAMPLE));
  const small = Buffer.from(Bun.zstdCompressSync("small"));
  const empty = Buffer.from(Bun.zstdCompressSync(""));
  const best = Buffer.from(Bun.zstdCompressSync(SAMPLE, { level: 19 }));
  const index = skippable(Buffer.from("an index"), 15);
  // A window of 1 KiB; a raw block, an RLE block and an empty last block.
  const byHand = Buffer.concat([
    MAGIC,
    Buffer.of(0, 0, 3 << 3, 0, 0),
    Buffer.from("raw"),
    Buffer.of((5 << 3) | 2, 0, 0, 0x21, 1, 0, 0),
  ]);
  const many = Buffer.concat(
    Array.from({ length: 2000 }, (_, at) => Buffer.from(Bun.zstdCompressSync(`${at}\n`))),
  );
  const numbers = Buffer.from(Array.from({ length: 2000 }, (_, at) => `${at}\n`).join(""));
  const large = Buffer.alloc(3 << 20, SAMPLE);
  const good: [string, Buffer, Buffer][] = [
    ["one frame", one, SAMPLE],
    ["a small frame", small, Buffer.from("small")],
    ["an empty frame", empty, NONE],
    ["the best compression", best, SAMPLE],
    ["many blocks", Buffer.from(Bun.zstdCompressSync(large)), large],
    ["very much out of little", Buffer.from(Bun.zstdCompressSync(zeros(8 << 20))), zeros(8 << 20)],
    ["raw and RLE blocks", byHand, Buffer.from("raw!!!!!")],
    ["two frames", Buffer.concat([one, small]), Buffer.concat([SAMPLE, Buffer.from("small")])],
    ["thousands of frames", many, numbers],
    [
      "skippable frames around",
      Buffer.concat([index, one, skippable(NONE), small, index]),
      Buffer.concat([SAMPLE, Buffer.from("small")]),
    ],
    ["skippable frames only", Buffer.concat([index, index]), NONE],
  ];
  const bad: [string, Buffer][] = [
    ["text after the end", Buffer.concat([one, Buffer.from("garbage")])],
    ["zeros after the end", Buffer.concat([one, zeros(10)])],
    ["one byte after the end", Buffer.concat([one, Buffer.of(0x28)])],
    ["a reserved bit", flipped(one, 4, 0x08)],
    ["a reserved block type", Buffer.concat([MAGIC, Buffer.of(0, 0, 7, 0, 0)])],
    ["a block that is too large", Buffer.concat([MAGIC, Buffer.of(0, 0, 3, 0, 0xff, 0)])],
    ["a window of more than 128 MiB", Buffer.concat([MAGIC, Buffer.of(0, 0x90, 1, 0, 0)])],
    ["contents of 1 GiB in one segment", Buffer.concat([MAGIC, Buffer.of(0xa0, 0, 0, 0, 0x40, 1, 0, 0)])],
    ["a dictionary", Buffer.concat([MAGIC, Buffer.of(1, 0, 9, 1, 0, 0)])],
    [
      "a compressed block of nothing",
      Buffer.concat([MAGIC, Buffer.of(0, 0, (3 << 3) | 5, 0, 0, 0xff, 0xff, 0xff)]),
    ],
    ...[1, 2, 3, 5, one.length >> 1, one.length - 5].map((cut): [string, Buffer] => [
      `${cut} bytes cut off`,
      one.subarray(0, one.length - cut),
    ]),
    ["a skippable frame cut", Buffer.concat([one, index.subarray(0, 12)])],
    ["a skippable frame cut in its header", Buffer.concat([one, index.subarray(0, 6)])],
  ];
  return [
    ...good.map(([name, bytes, inflated]) => ({ name, bytes, inflated })),
    ...bad.map(([name, bytes]) => ({ name, bytes, inflated: undefined })),
  ];
}
