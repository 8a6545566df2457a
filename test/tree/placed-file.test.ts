import { expect, test } from "bun:test";
import fc from "fast-check";
import { EPOCH, NO_XATTRS } from "../../src/tree/inode.ts";
import { MetadataPool } from "../../src/tree/metadata-pool.ts";
import { blocksInOne, NOWHERE, placedFile } from "../../src/tree/placed-file.ts";

const metadata = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
const extent = fc.record({
  logical: fc.constantFrom(0, 0, 1),
  physical: fc.nat(100),
  length: fc.integer({ min: 1, max: 3 }),
});

test("a file lies where it was placed, however that is kept", () => {
  const kept = { inOne: 0, nowhere: 0, asTheyAre: 0 };
  const places = fc.record({
    size: fc.integer({ min: 1, max: 3 * 4096 }),
    extents: fc.array(extent, { maxLength: 2 }),
    slot: fc.option(fc.nat(10), { nil: undefined }),
    packed: fc.constantFrom(undefined, undefined, undefined, { clusters: [], slot: 3 }),
  });
  const property = fc.property(places, ({ size, ...place }) => {
    const file = placedFile(metadata, size, place);
    expect(file.extents).toEqual(place.extents);
    expect([file.size, file.slot, file.packed]).toEqual([size, place.slot, place.packed]);
    expect(file.metadata).toBe(metadata);
    const { start } = file;
    if (start === undefined) kept.asTheyAre++;
    else if (start === NOWHERE) kept.nowhere++;
    else {
      kept.inOne++;
      expect(place.extents).toEqual([{ logical: 0, physical: start, length: blocksInOne(file) }]);
    }
  });
  fc.assert(property, { numRuns: 4000 });
  expect(Math.min(...Object.values(kept))).toBeGreaterThan(100);
});

test("metadata that is equal is one, and none that is not", () => {
  const number = fc.constantFrom(0, 1, 1000, 2 ** 32 - 2);
  const time = fc.record({
    seconds: fc.constantFrom(-1, 0, 2 ** 34),
    nanoseconds: fc.constantFrom(0, 999_999_999),
  });
  const any = fc.record({
    mode: fc.constantFrom(0, 0o644, 0o4755),
    uid: number,
    gid: number,
    mtime: time,
    atime: time,
    ctime: time,
    xattrs: fc.constantFrom(NO_XATTRS, [{ name: "user.a", value: Buffer.from("b") }]),
  });
  const property = fc.property(fc.array(any, { minLength: 1, maxLength: 50 }), (list) => {
    const pool = new MetadataPool();
    for (const metadata of list) expect(pool.get(metadata)).toEqual(metadata);
    const [first] = list;
    const fresh = new MetadataPool();
    if (first === undefined) return;
    const kept = fresh.get(first);
    expect(fresh.get({ ...first, mtime: { ...first.mtime } })).toBe(kept);
  });
  fc.assert(property);
});
