import { expect, test } from "bun:test";
import fc from "fast-check";
import { PartReader } from "../../src/layer/kept/part-reader.ts";
import { PartWriter } from "../../src/layer/kept/part-writer.ts";
import { TYPES } from "../../src/layer/kept/records.ts";
import { PartCount, partsBehind } from "../../src/layer/kept/skip-parts.ts";
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

async function pieces(parts: readonly EntryPart[], warnings: readonly string[]): Promise<Buffer[]> {
  const made: Buffer[] = [];
  let piece = Buffer.alloc(0);
  const writer = new PartWriter({
    next: async () => {
      piece = Buffer.alloc(PIECE);
      return piece;
    },
    put: (length) => void made.push(piece.subarray(0, length)),
  });
  await writer.take(parts);
  await writer.end(warnings);
  return made;
}

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
    fc.asyncProperty(layer, fc.array(fc.string()), async (parts, warnings) => {
      const reader = new PartReader(pool());
      const read = (await pieces(parts, warnings)).flatMap((piece) => reader.read(piece));
      expect(joined(read)).toEqual(joined(parts));
      expect(reader.warnings).toEqual(warnings);
    }),
  ));

test("what was had of parts is what the others go on behind, wherever that was and however they are cut", () =>
  fc.assert(
    fc.asyncProperty(layer, fc.nat(40), fc.nat(10), async (parts, taken, width) => {
      const made = await pieces(parts, []);
      const reader = new PartReader(pool());
      const first = made.slice(0, taken % (made.length + 1)).flatMap((piece) => reader.read(piece));
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
  const [piece = Buffer.alloc(0)] = await pieces(parts, []);
  expect(() => new PartReader(pool()).read(piece.subarray(0, 50))).toThrow(RangeError);
  expect(() => new PartReader(pool()).read(Buffer.from([77]))).toThrow(RangeError);
});

test("an entry that no piece holds is an error", async () => {
  const [part] =
    fc.sample(
      layer.filter((parts) => parts.length > 0),
      1,
    )[0] ?? [];
  if (part?.kind !== "entry") throw new Error("a layer begins with an entry");
  const long = { ...part, entry: { ...part.entry, path: "p".repeat(PIECE) } };
  expect(pieces([long], [])).rejects.toThrow(RangeError);
});
