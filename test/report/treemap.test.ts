/** A treemap's tiles fill what they are in, and are no more than there may be; names are what their endings say. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { categoryOf } from "../../src/report/treemap/category.ts";
import { layout, type Tile } from "../../src/report/treemap/layout.ts";
import { type Rectangle, squarify } from "../../src/report/treemap/squarify.ts";
import { type PackedTree, Tree } from "../../src/report/treemap/tree.ts";

const AREA: Rectangle = { x: 10, y: 20, width: 900, height: 500 };
const OPTIONS = { depth: 4, most: 900, leastArea: 40, header: 18, gap: 2 };

function sizeOf({ width, height }: Rectangle): number {
  return width * height;
}

function isWithin(inner: Rectangle, outer: Rectangle): boolean {
  const slack = 1e-6 * (outer.width + outer.height);
  return (
    inner.x >= outer.x - slack &&
    inner.y >= outer.y - slack &&
    inner.x + inner.width <= outer.x + outer.width + slack &&
    inner.y + inner.height <= outer.y + outer.height + slack
  );
}

function overlap(a: Rectangle, b: Rectangle): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, across) * Math.max(0, down);
}

test("rectangles are as large as their values, within the area, and none over another", () => {
  const values = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, (unsorted) => {
      const sorted = [...unsorted].sort((a, b) => b - a);
      const whole = sorted.reduce((sum, value) => sum + value, 0);
      const placed = squarify(sorted, whole, AREA);
      for (const [i, rectangle] of placed.entries()) {
        expect(sizeOf(rectangle)).toBeCloseTo(((sorted[i] ?? 0) / whole) * sizeOf(AREA), 3);
        expect(isWithin(rectangle, AREA)).toBe(true);
        for (const other of placed.slice(i + 1)) expect(overlap(rectangle, other)).toBeLessThan(1e-3);
      }
    }),
  );
});

test("equal values are squares, or nearly", () => {
  for (const { width, height } of squarify(Array(60).fill(1), 60, AREA)) {
    expect(Math.max(width / height, height / width)).toBeLessThan(1.6);
  }
});

function flat(count: number): PackedTree {
  return {
    names: ["", ...Array.from({ length: count }, (_, i) => `file-${i}`)].join("/"),
    kinds: `d${"f".repeat(count)}`,
    counts: [count],
    bytes: Array.from({ length: count }, () => 4096),
  };
}

test("there are no more tiles than there may be, and what has none is told as a rest", () => {
  for (const count of [1, 899, 100_000]) {
    const tiles = layout(new Tree(flat(count)), 0, { ...AREA, width: 4000, height: 4000 }, OPTIONS);
    expect(tiles.length).toBe(Math.min(count, 900));
    expect(tiles.at(-1)?.form).toBe(count > 899 ? "rest" : "whole");
  }
});

test("what is in a folder lies in its tile, and sums are those of all below", () => {
  const tree = new Tree({
    names: "/a/one/two/b/deep/three/empty/link",
    kinds: "ddffddfdl",
    counts: [4, 2, 1, 1, 0],
    bytes: [600, 300, 100],
  });
  const paths = [...tree.kinds].map((_, number) => tree.pathOf(number));
  expect(paths).toEqual(["/", "/a", "/a/one", "/a/two", "/b", "/b/deep", "/b/deep/three", "/empty", "/link"]);
  expect([...tree.bytes]).toEqual([1000, 900, 600, 300, 100, 100, 100, 0, 0]);
  expect([...tree.children(0)]).toEqual([1, 4, 7, 8]);
  const tiles = layout(tree, 0, AREA, OPTIONS);
  const of = (number: number): Tile | undefined => tiles.find((tile) => tile.number === number);
  for (const [inner, outer] of [
    [2, 1],
    [3, 1],
    [5, 4],
    [6, 5],
  ] as const) {
    const [one, other] = [of(inner), of(outer)];
    if (one === undefined || other === undefined) throw new Error(`${inner} or ${outer} has no tile`);
    expect([inner, isWithin(one, other), other.form]).toEqual([inner, true, "open"]);
  }
});

test("files are of a kind by their names", () => {
  for (const [name, isExecutable, category] of [
    ["libssl.so.3", true, "libraries"],
    ["busybox", true, "programs"],
    ["python3.11", true, "programs"],
    ["ls.1.gz", false, "documents"],
    ["Module.3perl", false, "documents"],
    ["copyright", false, "documents"],
    ["data.tar.xz", false, "data"],
    ["main.py", true, "scripts"],
    ["font.pcf.gz", false, "media"],
    [".profile", false, "others"],
    ["passwd", false, "others"],
  ] as const) {
    expect([name, categoryOf(name, isExecutable)]).toEqual([name, category]);
  }
});
