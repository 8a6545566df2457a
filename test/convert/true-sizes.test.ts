/** Sizes are what they say, however many layers there are and whatever they replace. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { checkSmallest, checkSmallestOf, fileBytes, filesInPieces } from "./smallest.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;

function build(name: string, layers: readonly (readonly TarItem[])[]): string {
  buildLayout(scratch(name), { layers: layers.map((items) => tar(items)), compress: "none" });
  return `oci:${scratch(name)}`;
}

async function converted(source: string, filesystem: FilesystemSettings) {
  const made = await convert({
    source,
    platform: "linux/amd64",
    out: scratch("out"),
    force: true,
    filesystem,
  });
  expectCleanIfChecked(made.rootfsPath);
  return made;
}

/** Many layers, each of one file that fills most of an arena. */
const manyLayers = (): TarItem[][] =>
  Array.from({ length: 60 }, (_, n) => [{ path: `file${n}`, data: fileBytes(4_000_000, n) }]);

/** A layer of which the next one leaves little, and what it leaves lies at its end. */
const mostlyReplaced = (): TarItem[][] => [
  Array.from({ length: 40 }, (_, n) => ({ path: `a/${n}`, data: fileBytes(n < 30 ? 900_000 : 300_000, n) })),
  [
    ...Array.from({ length: 30 }, (_, n) => ({ path: `a/.wh.${n}` })),
    { path: "b", data: fileBytes(10_000_000, 99) },
    { path: "c", data: fileBytes(100, 98) },
  ],
];

const ORACLES = ["e2fsck", "mke2fs", "debugfs", "dumpe2fs", "loop mount", "getfattr"] as const;

describe("many layers", () => {
  testWith(ORACLES, "the smallest size is within 2 % of mke2fs's, and no file lies in pieces", async () => {
    await checkSmallestOf(build("many", manyLayers()), scratch());
    expect(filesInPieces(scratch("smallest/rootfs.ext4"))).toEqual([]);
  });

  test("a size that is asked for is enough when it is", async () => {
    const source = build("many", manyLayers());
    const { metadata } = await converted(source, { size: 262 * MIB });
    expect(metadata.filesystem.blocks).toBe((262 * MIB) / 4096);
    await expectError(() => converted(source, { size: 261 * MIB }), "E_SIZE_TOO_SMALL", "(262 MiB)");
  });
});

describe("what upper layers replace", () => {
  for (const options of [{}, { journal: "off" }, { fs: "ext3" }, { fs: "ext2" }] as const) {
    testWith(ORACLES, `costs nothing at the smallest size: ${JSON.stringify(options)}`, () =>
      checkSmallest(mostlyReplaced(), scratch(), options),
    );
  }

  test("leaves nothing of itself behind, where metadata and moved contents take its place", async () => {
    const hidden = Buffer.from("nobody shall ever read this again".repeat(200));
    const layers: TarItem[][] = [
      Array.from({ length: 400 }, (_, n) => ({ path: `${n}`, data: hidden })),
      [
        ...Array.from({ length: 399 }, (_, n) => ({ path: `.wh.${n}` })),
        ...Array.from({ length: 100 }, (_, n) => ({ path: `kept/${n}`, data: fileBytes(5000, n) })),
      ],
      [{ path: ".wh.399" }],
    ];
    const source = build("hidden", layers);
    const options: readonly FilesystemSettings[] = [
      { size: "min" },
      { size: 7 * MIB },
      { size: "min", journal: "off" },
      { readOnly: true },
    ];
    for (const option of options) {
      const { rootfsPath } = await converted(source, option);
      expect(readFileSync(rootfsPath).includes("nobody shall ever")).toBe(false);
    }
  });

  test("does not make the usual size larger", async () => {
    const source = build("replaced", mostlyReplaced());
    const alone = await converted(build("alone", [mostlyReplaced().flat().filter(isKept)]), {});
    const { metadata } = await converted(source, {});
    expect(metadata.filesystem.blocks).toBe(alone.metadata.filesystem.blocks);
  });
});

function isKept({ path = "" }: TarItem): boolean {
  const number = /^a\/(\d+)$/.exec(path)?.[1];
  return !path.includes(".wh.") && (number === undefined || Number(number) >= 30);
}

testWith(ORACLES, "what moves keeps every byte: long files, holes, many small ones", async () => {
  const layers: TarItem[][] = [
    [{ path: "gone", data: fileBytes(30_000_000, 1) }],
    [
      { path: ".wh.gone" },
      { path: "long", data: fileBytes(20_000_000, 2, true) },
      ...Array.from({ length: 50 }, (_, n) => ({
        path: `s/${n}`,
        data: fileBytes(n * 9000, n, n % 3 === 0),
      })),
    ],
  ];
  await checkSmallest(layers, scratch(), { journal: "off" });
});
