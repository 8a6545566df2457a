import { expect, test } from "bun:test";
import fc from "fast-check";
import { PartReader } from "../../src/layer/kept/part-reader.ts";
import { PartWriter } from "../../src/layer/kept/part-writer.ts";
import { partsOfTar } from "../../src/layer/kept/parts-of-tar.ts";
import { TYPES } from "../../src/layer/kept/records.ts";
import { PartCount, partsBehind } from "../../src/layer/kept/skip-parts.ts";
import { CHUNK_SIZE } from "../../src/memory/chunks.ts";
import { AttributePool } from "../../src/tree/attribute-pool.ts";
import type { EntryPart, FileEntry } from "../../src/tree/entry.ts";
import { TreeBudget } from "../../src/tree/tree-budget.ts";
import { noise } from "../registry/support.ts";

const PIECE = 2000;

const pool = () => new AttributePool(new TreeBudget());

/** Bytes, one character each. */
const text = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((n) => String.fromCharCode(n)) });
const time = fc.oneof(
  fc.constant({ seconds: 7, nanoseconds: 0 }),
  fc.record({
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.nat(999_999_999),
  }),
);
const lists = fc.array(fc.array(fc.tuple(text, text), { maxLength: 3 }), { minLength: 1, maxLength: 3 });
const entry = fc.record({
  path: text,
  type: fc.constantFrom(...TYPES),
  linkname: text,
  size: fc.maxSafeNat(),
  stored: fc.maxSafeNat(),
  major: fc.oneof(fc.constant(0), fc.maxSafeNat()),
  minor: fc.oneof(fc.constant(0), fc.maxSafeNat()),
  metadata: fc.record({
    mode: fc.nat(0o7777),
    uid: fc.nat(2 ** 32 - 1),
    gid: fc.nat(2 ** 32 - 1),
    mtime: time,
    atime: time,
    ctime: time,
  }),
  list: fc.nat(3),
  contents: fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 3000 })), { maxLength: 3 }),
});

const layer = fc.tuple(lists, fc.array(entry, { maxLength: 12 })).map(([given, entries]): EntryPart[] => {
  const attributes = pool();
  const made = given.map((list) => list.map(([name, value]) => attributes.get(name, value)));
  return entries.flatMap(({ list, contents, metadata, ...rest }) => {
    const xattrs = made[list] ?? [];
    const whole: FileEntry = { ...rest, metadata: { ...metadata, xattrs } };
    let at = 0;
    return [
      { kind: "entry", entry: whole } as const,
      ...contents.map(([hole, length]) => {
        const offset = at + hole;
        at = offset + length;
        return { kind: "contents", offset, bytes: noise(length, length) } as const;
      }),
    ];
  });
});

interface Kept {
  readonly entries: readonly Buffer[];
  readonly tar: Buffer;
}

/** Keeps parts that come in lists, the contents of each somewhere in bytes of a tar. */
async function kept(
  parts: readonly EntryPart[],
  warnings: readonly string[],
  { width = 5, gap = 0 } = {},
): Promise<Kept> {
  const entries: Buffer[] = [];
  let piece = Buffer.alloc(0);
  const writer = new PartWriter({
    next: async () => {
      piece = Buffer.alloc(PIECE);
      return piece;
    },
    put: (length) => void entries.push(piece.subarray(0, length)),
  });
  const tar: Buffer[] = [];
  let at = 0;
  for (let from = 0; from < parts.length; from += width) {
    const list = parts.slice(from, from + width);
    const bytes = Buffer.concat([
      Buffer.alloc(gap),
      ...list.map((part) => (part.kind === "contents" ? part.bytes : Buffer.from("a header"))),
    ]);
    let within = gap;
    const found = list.map((part): EntryPart => {
      const length = part.kind === "contents" ? part.bytes.length : "a header".length;
      within += length;
      return part.kind === "entry" ? part : { ...part, bytes: bytes.subarray(within - length, within) };
    });
    await writer.take(found, { bytes, at });
    tar.push(bytes);
    at += bytes.length;
  }
  await writer.end(warnings);
  return { entries, tar: Buffer.concat(tar) };
}

/** The parts of as many pieces of records; copies, for they are good until the next list. */
async function read({ entries, tar }: Kept, reader: PartReader, most = entries.length): Promise<EntryPart[]> {
  async function* records() {
    yield* entries.slice(0, most);
  }
  async function* pieces() {
    const piece = Buffer.alloc(CHUNK_SIZE);
    for (let from = 0; from < tar.length; from += CHUNK_SIZE) {
      yield piece.subarray(0, tar.copy(piece, 0, from, from + CHUNK_SIZE));
    }
  }
  const parts: EntryPart[] = [];
  const counts: number[] = [];
  for await (const list of partsOfTar({ entries: records(), tar: pieces() }, reader, (n) => counts.push(n))) {
    for (const part of list) {
      parts.push(part.kind === "entry" ? part : { ...part, bytes: Buffer.from(part.bytes) });
    }
  }
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  return parts;
}

const cut = fc.record({ width: fc.integer({ min: 1, max: 8 }), gap: fc.nat(600_000) });

/** The same whatever they were cut into: contents by where they begin. */
function joined(parts: readonly EntryPart[]): unknown[] {
  const all: ({ entry: FileEntry } | { offset: number; bytes: Buffer })[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.kind === "entry") all.push({ entry: part.entry });
    else if (last !== undefined && "bytes" in last && last.offset + last.bytes.length === part.offset) {
      last.bytes = Buffer.concat([last.bytes, part.bytes]);
    } else all.push({ offset: part.offset, bytes: Buffer.from(part.bytes) });
  }
  return all.map((each) => ("bytes" in each ? { ...each, bytes: each.bytes.toString("base64") } : each));
}

test("parts that are kept are read as they came, with the warnings of the tar", () =>
  fc.assert(
    fc.asyncProperty(layer, fc.array(fc.string()), cut, async (parts, warnings, how) => {
      const reader = new PartReader(pool());
      expect(joined(await read(await kept(parts, warnings, how), reader))).toEqual(joined(parts));
      expect(reader.warnings).toEqual(warnings);
    }),
  ));

test("contents that lie across pieces of the tar come in as many parts", async () => {
  const given = { kind: "contents", offset: 7, bytes: noise(2 * CHUNK_SIZE + 99, 1) } as const;
  const cutParts = await read(
    await kept([given], [], { width: 1, gap: CHUNK_SIZE - 5 }),
    new PartReader(pool()),
  );
  expect(cutParts.map((part) => part.kind === "contents" && [part.offset, part.bytes.length])).toEqual([
    [7, 5],
    [12, CHUNK_SIZE],
    [12 + CHUNK_SIZE, CHUNK_SIZE],
    [12 + 2 * CHUNK_SIZE, 94],
  ]);
  expect(joined(cutParts)).toEqual(joined([given]));
});

test("what was had of parts is what the others go on behind, wherever that was and however they are cut", () =>
  fc.assert(
    fc.asyncProperty(layer, fc.nat(40), fc.nat(10), async (parts, taken, width) => {
      const made = await kept(parts, []);
      const first = await read(made, new PartReader(pool()), taken % (made.entries.length + 1));
      const had = new PartCount();
      for (const part of first) had.add(part);
      const rest: EntryPart[] = [];
      async function* lists() {
        for (let at = 0; at < parts.length; at += width + 1) yield parts.slice(at, at + width + 1);
      }
      for await (const list of partsBehind(lists(), had)) rest.push(...list);
      expect(joined([...first, ...rest])).toEqual(joined(parts));
    }),
  ));

test("a record that goes beyond its piece, or is none, is an error", async () => {
  const parts = [{ kind: "contents", offset: 0, bytes: noise(100, 1) }] as const;
  const { entries } = await kept(parts, []);
  const [piece = Buffer.alloc(0)] = entries;
  expect(() => [...new PartReader(pool()).read(piece.subarray(0, 10))]).toThrow(RangeError);
  expect(() => [...new PartReader(pool()).read(Buffer.from([77]))]).toThrow(RangeError);
});

test("contents that lie beyond the tar, or before what has come of it, are an error", async () => {
  const parts = [1, 2].map((n) => ({ kind: "contents", offset: 0, bytes: noise(CHUNK_SIZE, n) }) as const);
  const made = await kept(parts, [], { width: 1 });
  const short = { ...made, tar: made.tar.subarray(0, 2 * CHUNK_SIZE - 1) };
  await expect(read(short, new PartReader(pool()))).rejects.toThrow("where the tar has none");
  const shorter = { ...made, tar: made.tar.subarray(0, CHUNK_SIZE) };
  await expect(read(shorter, new PartReader(pool()))).rejects.toThrow("beyond the tar");
  const backwards = { ...made, entries: [...made.entries, ...made.entries] };
  await expect(read(backwards, new PartReader(pool()))).rejects.toThrow("where the tar has none");
});

test("an entry that no piece holds is an error", async () => {
  const [part] =
    fc.sample(
      layer.filter((parts) => parts.length > 0),
      1,
    )[0] ?? [];
  if (part?.kind !== "entry") throw new Error("a layer begins with an entry");
  const long = { ...part, entry: { ...part.entry, path: "p".repeat(PIECE) } };
  await expect(kept([long], [])).rejects.toThrow(RangeError);
});
