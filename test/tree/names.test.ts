import { expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { Names } from "../../src/tree/names.ts";

const name = fc.oneof(
  fc.constantFrom("a", "b", "c", "", "\xff", "constructor", "__proto__"),
  fc.nat(60).map((i) => `some-file-${i}.txt`),
);
const step = fc.oneof(
  { weight: 60, arbitrary: fc.record({ what: fc.constant("set"), name }) },
  { weight: 30, arbitrary: fc.record({ what: fc.constant("delete"), name }) },
  { weight: 10, arbitrary: fc.record({ what: fc.constantFrom("get", "has"), name }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("clear"), name }) },
);

test("names are found, go and come in the order of a Map", () => {
  let most = 0;
  const property = fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
    const [names, map] = [new Names<number>(), new Map<string, number>()];
    for (const [value, { what, name }] of steps.entries()) {
      if (what === "set") {
        names.set(name, value);
        map.set(name, value);
      } else if (what === "delete") expect(names.delete(name)).toBe(map.delete(name));
      else if (what === "get") expect(names.get(name)).toBe(map.get(name));
      else if (what === "has") expect(names.has(name)).toBe(map.has(name));
      else {
        names.clear();
        map.clear();
      }
      most = Math.max(most, map.size);
    }
    expect(names.size).toBe(map.size);
    expect([...names]).toEqual([...map]);
    expect(names.keys()).toEqual([...map.keys()]);
    expect([...names.values()]).toEqual([...map.values()]);
    for (const [name, value] of map) expect(names.get(name)).toBe(value);
  });
  fc.assert(property, { numRuns: 200 });
  // Beyond what is looked through one by one.
  expect(most).toBeGreaterThan(16);
});

test("many names come and go in one directory", () => {
  const names = new Names<number>();
  const of = (i: number): string => `name ${i}`;
  for (let i = 0; i < 50_000; i++) {
    names.set(of(i), i);
    if (i >= 1000) names.delete(of(i - 1000));
  }
  expect(names.size).toBe(1000);
  expect(names.get(of(48_999))).toBeUndefined();
  expect([...names.values()]).toEqual(Array.from({ length: 1000 }, (_, i) => 49_000 + i));
});

test("names that go and come again are not all looked at for each of them, however many there are", () => {
  for (const count of [511, 512, 513]) {
    const names = new Names<number>();
    const hashing = spyOn(Math, "imul");
    try {
      for (let i = 0; i < count; i++) names.set(`${1000 + i}`, i);
      const toCome = hashing.mock.calls.length;
      for (let i = 0; i < count; i++) {
        names.delete(`${1000 + i}`);
        names.set(`${1000 + i}`, -i);
      }
      expect(hashing.mock.calls.length).toBeLessThan(8 * toCome);
    } finally {
      hashing.mockRestore();
    }
    expect(names.size).toBe(count);
  }
});

test("while names are gone through they may go, and get other values", () => {
  const names = new Names<number>();
  for (let i = 0; i < 30; i++) names.set(`${i}`, i);
  const seen: number[] = [];
  for (const [name, value] of names) {
    seen.push(value);
    names.delete(`${value + 1}`);
    names.set(name, -value);
  }
  expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => 2 * i));
  expect([...names.values()]).toEqual(seen.map((value) => -value));
});

test("a name comes back as it was, whatever its bytes and however long it is", () => {
  const all = ["", "a", "\x00\x7f\x80\xff", "\xe9".repeat(255), "x".repeat(4000)];
  const names = new Names<number>();
  for (const [i, name] of all.entries()) names.set(name, i);
  expect(names.keys()).toEqual(all);
  for (const [place, name] of all.entries()) {
    const bytes = Buffer.from(name, "latin1");
    expect([names.lengthAt(place), names.valueAt(place)]).toEqual([bytes.length, place]);
    expect([names.byteAt(place, 0), names.byteAt(place, bytes.length)]).toEqual([bytes[0], undefined]);
    const target = Buffer.alloc(bytes.length + 2, "-");
    names.copyAt(place, target, 1);
    expect(target.toString("latin1")).toBe(`-${name}-`);
  }
});
