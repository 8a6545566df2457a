/** No layer costs more than its bytes: the exponents of what a tar can have much of, from its bytes to the tree. */
import { describe, expect, test } from "bun:test";
import { tarParts } from "../../src/layer/tar/entries.ts";
import { unpack } from "../../src/layer/unpack.ts";
import { ContentWriter } from "../../src/output/content-writer.ts";
import { immediateSink } from "../../src/output/stages.ts";
import { impliedDirectory } from "../../src/tree/inode.ts";
import { LayerTree } from "../../src/tree/layer-tree.ts";
import { overlay } from "../../src/tree/overlay.ts";
import { exponentOf } from "../support/exponent.ts";
import { paxHeader, type TarItem, tar } from "../support/tar-builder.ts";

/** Linear is 1; memory that outgrows the caches makes it a little more. */
const HIGHEST = 1.15;
const THOUSANDS = [1000, 4000, 16_000];
/** Of records, as many as an extended header may have of the longest here: 1 MiB. */
const RECORDS = [1000, 4000, 16_000];
const HUNDREDS = [125, 500, 2000];
/** A path has no more than 4,096 bytes. */
const DEPTHS = [125, 500, 2000];
/** The same over a wide range, each as far as it goes within a minute. */
const WIDER: ReadonlyMap<readonly number[], readonly number[]> = new Map([
  [THOUSANDS, [1000, 16_000, 256_000]],
  [RECORDS, [250, 2000, 16_000]],
  [HUNDREDS, [125, 1000, 8000]],
]);

async function apply(layers: readonly Uint8Array[]): Promise<void> {
  const root = impliedDirectory();
  for (const bytes of layers) {
    const tree = new LayerTree("a layer");
    const contents = {
      writer: new ContentWriter(immediateSink(() => {})),
      nextArena: async (length: number) => ({ start: 0, length }),
    };
    await unpack(tarParts(inChunks(bytes), { layer: tree.name }), tree, contents);
    overlay(root, tree);
  }
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
}

type Items = readonly (TarItem | Uint8Array)[];

const times = <T>(count: number, item: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => item(at));
const link = (path: string, linkname: string): TarItem => ({ path, type: "hardlink", linkname });
const records = (count: number, key: (at: number) => string) => times(count, (at) => [key(at), "1"] as const);

/** What there is of each, for a size: the layers from the lowest on. */
const SHAPES: readonly [
  name: string,
  sizes: readonly number[],
  layers: (size: number) => readonly Items[],
][] = [
  ["names in one directory", THOUSANDS, (n) => [times(n, (at) => ({ path: `d/${at}` }))]],
  ["directories", THOUSANDS, (n) => [times(n, (at) => ({ path: `d${at % 100}/${at}/f` }))]],
  [
    "entries and keywords of a global header that nobody reads",
    RECORDS,
    (n) => [
      [
        paxHeader(
          records(n, (at) => `X.${at}`),
          "g",
        ),
        ...times(n, (at) => ({ path: `${at}` })),
      ],
    ],
  ],
  [
    "entries with a header of their own, and keywords of a global one",
    RECORDS,
    (n) => [
      [
        paxHeader(
          [...records(n, (at) => `X.${at}`), ...records(200, (at) => `SCHILY.xattr.user.${at}`)],
          "g",
        ),
        ...times(n, (at) => ({ path: `${at}`, pax: { mtime: "1.5" } })),
      ],
    ],
  ],
  [
    "global headers",
    THOUSANDS,
    (n) => [[...times(n, (at) => paxHeader({ mtime: `${at}` }, "g")), { path: "a" }]],
  ],
  [
    "attributes of one file",
    RECORDS,
    (n) => [[{ path: "a", pax: records(n, (at) => `SCHILY.xattr.user.${at}`) }]],
  ],
  [
    "attributes of many files",
    THOUSANDS,
    (n) => [times(n, (at) => ({ path: `${at}`, pax: { "SCHILY.xattr.user.a": `value ${at}` } }))],
  ],
  [
    "pairs of a sparse file's map",
    THOUSANDS,
    (n) => {
      const pairs = times(n, (at) => `${at * 8192}\n0\n`).join("");
      const map = `${n}\n${pairs}`;
      const pax = { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": `${n * 8192}` };
      return [[{ path: "s", pax, data: map.padEnd(Math.ceil(map.length / 512) * 512, "\0") }]];
    },
  ],
  [
    "pairs of a sparse file's records",
    RECORDS,
    (n) => {
      const pairs = times(n, (at) => [
        ["GNU.sparse.offset", `${at}`] as const,
        ["GNU.sparse.numbytes", "0"] as const,
      ]).flat();
      return [[{ path: "s", pax: [["GNU.sparse.size", `${n}`] as const, ...pairs] }]];
    },
  ],
  [
    "whiteouts",
    THOUSANDS,
    (n) => [times(n, (at) => ({ path: `d/${at}` })), times(n, (at) => ({ path: `d/.wh.${at}` }))],
  ],
  ["hard links to one file", THOUSANDS, (n) => [[{ path: "a" }, ...times(n, (at) => link(`d/${at}`, "a"))]]],
  [
    "hard links before their one file",
    THOUSANDS,
    (n) => [[...times(n, (at) => link(`d/${at}`, "a")), { path: "a" }]],
  ],
  [
    "hard links into the layer below",
    THOUSANDS,
    (n) => [[{ path: "a" }], times(n, (at) => link(`d/${at}`, "a"))],
  ],
  [
    "a chain of hard links",
    THOUSANDS,
    (n) => [[{ path: "0" }, ...times(n, (at) => link(`${at + 1}`, `${at}`))]],
  ],
  [
    "a chain of hard links in reverse",
    THOUSANDS,
    (n) => [[...times(n, (at) => link(`${n - at}`, `${n - at - 1}`)), { path: "0" }]],
  ],
  [
    "a chain of hard links in reverse, into the layer below",
    THOUSANDS,
    (n) => [[{ path: "0" }], times(n, (at) => link(`${n - at}`, `${n - at - 1}`))],
  ],
  [
    "links through links to symlinks that come later",
    THOUSANDS,
    (n) => [
      [
        ...times(n, (at) => link(`l${at}`, `s${at}/x`)),
        ...times(n, (at) => link(`s${at}`, "t")),
        { path: "t", type: "symlink", linkname: "d" },
        { path: "d/x" },
      ],
    ],
  ],
  [
    "directories of links that are replaced",
    THOUSANDS,
    (n) => [
      times(n / 4, (at) => [
        { path: "d", type: "directory" },
        link(`d/${at}`, "nowhere"),
        link(`d/e/${at}`, "nowhere"),
        { path: "d" },
      ]).flat(),
    ],
  ],
  ["depth of a path", DEPTHS, (n) => [times(100, (at) => ({ pax: { path: `${"d/".repeat(n - 1)}${at}` } }))]],
  ["layers", HUNDREDS, (n) => times(n, (at) => times(20, (file) => ({ path: `usr/lib/${at}/${file}` })))],
  [
    "layers over a great one",
    HUNDREDS,
    (n) => [
      times(5000, (at) => ({ path: `d/${at}` })),
      ...times(n, (at) => times(20, () => ({ path: `d/${at}` }))),
    ],
  ],
];

describe("cost does not outgrow", () => {
  for (const [name, sizes, layers] of SHAPES) {
    test(name, async () => {
      const make = (size: number) => layers(size).map(tar);
      const wider = WIDER.get(sizes);
      const growth = { sizes, ...(wider === undefined ? {} : { wider }), make, run: apply };
      const exponent = await exponentOf(growth, HIGHEST);
      expect(exponent).toBeLessThanOrEqual(HIGHEST);
    });
  }
});
