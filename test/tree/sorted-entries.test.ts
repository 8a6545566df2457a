import { expect, test } from "bun:test";
import fc from "fast-check";
import { EPOCH, type Inode, NO_XATTRS } from "../../src/tree/inode.ts";
import { Names } from "../../src/tree/names.ts";
import { sortedEntries } from "../../src/tree/sorted-entries.ts";
import { finished } from "../../src/waiting/steps.ts";

const metadata = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
const inode = (): Inode => ({ type: "fifo", metadata });

function namesOf(names: Iterable<string>): Names<Inode> {
  const entries = new Names<Inode>();
  for (const name of names) entries.set(name, inode());
  return entries;
}

/** Everything that there is to know of the entries in order. */
function seen(
  entries: ReturnType<typeof namesOf> | Map<string, Inode>,
): (readonly [string, Inode | undefined])[] {
  const sorted = finished(sortedEntries(entries));
  return Array.from({ length: sorted.length }, (_, at) => {
    const bytes = Buffer.alloc(sorted.nameLength(at) + 1, 0x2d);
    sorted.copyName(at, bytes, 1);
    expect(bytes.toString("latin1")).toBe(`-${sorted.name(at)}`);
    for (let i = 0; i < bytes.length; i++) expect(sorted.nameByte(at, i)).toBe(bytes[i + 1]);
    return [sorted.name(at), sorted.inode(at)] as const;
  });
}

const byte = fc.nat(255).map((code) => String.fromCharCode(code));
/** Names that begin alike, at several depths, and names that are the beginnings of others. */
const name = fc
  .tuple(
    fc.constantFrom("", "lib", "lib-very-long-and-the-same", "\xff\xff", "\0"),
    fc.constantFrom("", "a", ".so", "-common-middle-"),
    fc.oneof(fc.string({ maxLength: 12, unit: byte }), fc.nat(3000).map(String)),
  )
  .map((parts) => parts.join(""));

test("entries come in byte order of their names, whatever these are", () => {
  const property = fc.property(fc.uniqueArray(name, { maxLength: 300, size: "max" }), (all) => {
    const names = namesOf(all);
    const expected = all.sort().map((each) => [each, names.get(each)]);
    expect(seen(names)).toEqual(expected as never);
  });
  fc.assert(property, { numRuns: 300 });
});

test("many entries come in order, too, and pauses are made on the way", () => {
  const all = Array.from(
    { length: 20_000 },
    (_, i) => `${i % 7 === 0 ? "other" : "entry"}-${(i * 7919) % 20_000}`,
  );
  const names = namesOf(all);
  const steps = sortedEntries(names);
  let pauses = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) pauses++;
  const sorted = step.value;
  expect(Array.from({ length: sorted.length }, (_, at) => sorted.name(at))).toEqual(all.sort());
  expect(pauses).toBeGreaterThan(5);
});

test("names that have gone do not come, and of a Map all do", () => {
  const names = namesOf(["c", "a", "d", "b"]);
  names.delete("a");
  names.delete("d");
  expect(seen(names).map(([each]) => each)).toEqual(["b", "c"]);
  const map = new Map([...names]).set("a", inode());
  expect(seen(map)).toEqual(["a", "b", "c"].map((each) => [each, map.get(each)]) as never);
  expect(seen(namesOf([]))).toEqual([]);
});

test("a directory stays as it is, and what goes afterwards is missed", () => {
  const names = namesOf(["c", "a", "b"]);
  const sorted = finished(sortedEntries(names));
  expect(names.keys()).toEqual(["c", "a", "b"]);
  names.delete("b");
  expect([0, 1, 2, 3].map((at) => sorted.inode(at))).toEqual([
    names.get("a"),
    undefined,
    names.get("c"),
    undefined,
  ]);
  expect(sorted.name(3)).toBe("");
});
