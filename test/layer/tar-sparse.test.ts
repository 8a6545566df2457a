import { describe, expect, test } from "bun:test";
import { expectError } from "../support/expect-error.ts";
import { number, type PaxRecords, type TarItem, tar } from "../support/tar-builder.ts";
import { readOne, readTar } from "./support.ts";

const A = "a".repeat(512);
const B = "b".repeat(100);
/** 512 a's at 4096, 100 b's at 10000, 20000 bytes in all. */
const PAIRS = [4096, 512, 10000, 100, 20000, 0];

const field = (value: number) => Buffer.from(number(value, 12)).toString("latin1");

/** Old GNU: four pairs in the header, the others in blocks of 21. */
function gnuSparse(pairs: readonly number[], realSize: number, data: string): (TarItem | Uint8Array)[] {
  const block = (from: number, count: number, isextendedAt: number) => {
    const bytes = Buffer.alloc(512);
    for (const [at, value] of pairs.slice(from, from + 2 * count).entries())
      bytes.write(field(value), 12 * at, "latin1");
    if (pairs.length > from + 2 * count) bytes[isextendedAt] = 1;
    return bytes;
  };
  const header = block(0, 4, 96);
  const patch = [
    [386, header.subarray(0, 97)],
    [483, field(realSize)],
  ] as const;
  const item = { path: "s", type: "S", magic: "ustar  \0", data: "", size: data.length, patch };
  const extensions: Uint8Array[] = [];
  for (let from = 8; from < pairs.length; from += 42) extensions.push(block(from, 21, 504));
  return [item, ...extensions, Buffer.from(data.padEnd(Math.ceil(data.length / 512) * 512, "\0"), "latin1")];
}

function sparse00(pairs: readonly number[], size: number): PaxRecords {
  const records: [string, string][] = [
    ["GNU.sparse.size", `${size}`],
    ["GNU.sparse.numblocks", `${pairs.length / 2}`],
  ];
  for (const [at, value] of pairs.entries()) {
    records.push([at % 2 === 0 ? "GNU.sparse.offset" : "GNU.sparse.numbytes", `${value}`]);
  }
  return records;
}

const sparse01 = (map: string, size: number): PaxRecords => ({
  "GNU.sparse.size": `${size}`,
  "GNU.sparse.name": "s",
  "GNU.sparse.map": map,
});

function sparse10(map: string, data: string, size: number): TarItem {
  const pax = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "s",
    "GNU.sparse.realsize": `${size}`,
  };
  return { path: "GNUSparseFile.0/s", pax, data: map.padEnd(Math.ceil(map.length / 512) * 512, "\0") + data };
}

const shapes: [string, (TarItem | Uint8Array)[]][] = [
  ["old GNU", gnuSparse(PAIRS, 20000, A + B)],
  ["PAX 0.0", [{ path: "s", data: A + B, pax: sparse00(PAIRS, 20000) }]],
  ["PAX 0.1", [{ path: "GNUSparseFile.0/s", data: A + B, pax: sparse01(PAIRS.join(), 20000) }]],
  ["PAX 1.0", [sparse10(`3\n${PAIRS.join("\n")}\n`, A + B, 20000)]],
];

describe.each(shapes)("a sparse file of the format %s", (_, items) => {
  test("has its contents where they belong, and holes between", async () => {
    for (const sizes of [1, 512, 700, 1 << 20]) {
      const [entry, next] = await readTar(tar([...items, { path: "next", data: "n" }]), sizes);
      const expected = Buffer.alloc(20000);
      expected.write(A, 4096);
      expected.write(B, 10000);
      expect(entry).toMatchObject({ path: "s", type: "file", size: 20000 });
      expect(entry?.data.equals(expected)).toBe(true);
      expect(entry?.stretches).toEqual([
        [4096, 512],
        [10000, 100],
      ]);
      expect(`${next?.path} ${next?.data}`).toBe("next n");
    }
  });
});

describe("a sparse file", () => {
  test("of holes only has no contents", async () => {
    for (const items of [
      gnuSparse([2 ** 40, 0], 2 ** 40, ""),
      [{ path: "s", pax: sparse00([], 2 ** 40) }],
      [sparse10("0\n", "", 2 ** 40)],
    ]) {
      const [entry, next] = await readTar(tar([...items, { path: "next" }]));
      expect([entry?.size, entry?.stretches, next?.path]).toEqual([2 ** 40, [], "next"]);
    }
  });

  test("may have more pairs than a header holds", async () => {
    for (const count of [4, 5, 25, 26, 100]) {
      const pairs = Array.from({ length: count }, (_, at) => [at * 1000, 10]).flat();
      const data = "0123456789".repeat(count);
      const map = `${count}\n${pairs.join("\n")}\n`;
      for (const items of [gnuSparse(pairs, 100_000, data), [sparse10(map, data, 100_000)]]) {
        const entry = await readOne(tar(items));
        expect(entry.stretches).toEqual(
          pairs.length === 0 ? [] : Array.from({ length: count }, (_, at) => [at * 1000, 10]),
        );
        expect(entry.data.toString("latin1", (count - 1) * 1000, (count - 1) * 1000 + 10)).toBe("0123456789");
      }
    }
  });

  const bad: [string, (TarItem | Uint8Array)[]][] = [
    ["overlaps", [{ pax: sparse01("0,512,100,10", 20000), data: A }]],
    ["goes backwards", [sparse10("2\n600\n10\n0\n10\n", "x".repeat(20), 20000)]],
    ["reaches beyond the file", gnuSparse([19999, 2], 20000, "xx")],
    ["holds less than the entry", [{ pax: sparse01("0,511", 20000), data: A }]],
    ["holds more than the entry", [sparse10("1\n0\n513\n", A, 20000)]],
    ["ends in the middle of a pair", [{ pax: sparse01("0,512,1024", 20000), data: A }]],
    [
      "has lengths where offsets should be",
      [
        {
          pax: [
            ["GNU.sparse.size", "9"],
            ["GNU.sparse.numbytes", "1"],
          ],
        },
      ],
    ],
    ["is no numbers", [{ pax: sparse01("0,x", 20000), data: A }]],
    ["is no numbers in the contents", [sparse10("1\nzero\n1\n", A, 20000)]],
    ["never ends", [sparse10("9\n1\n1\n", "", 20000)]],
    ["has endless numbers", [sparse10("1".repeat(600), "", 20000)]],
    ["promises too many entries", [sparse10("1000001\n", A, 20000)]],
    ["is missing", [sparse10("", "", 20000)]],
    ["has no size of the file", [{ pax: { "GNU.sparse.major": "1", "GNU.sparse.minor": "0" }, data: "0\n" }]],
    ["has a negative length", gnuSparse([5, -1], 20000, "")],
  ];
  test.each(bad)("whose map %s is refused", async (_, items) => {
    await expectError(readTar(tar(items)), "E_BAD_LAYER", "sparse");
  });
});
