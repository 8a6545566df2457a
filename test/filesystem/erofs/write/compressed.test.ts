import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_SIZE } from "../../../../src/blocks/blocks.ts";
import type { Packing } from "../../../../src/filesystem/kind/packing.ts";
import { expectCleanFilesystem, runOk, testWith } from "../../../support/oracles.ts";
import { directory } from "../../ext4/write/images.ts";
import { KINDS, mixture, noise, numbersFrom, repeated, text } from "../lz4/inputs.ts";
import { type ErofsImage, type ImageOptions, withErofs, withErofsMount } from "./images.ts";

/** Contents by the names of their files. */
type Contents = Readonly<Record<string, Uint8Array>>;

function packing(clusterBlocks: number, level = 1): Packing {
  return { algorithm: "lz4", level, clusterBlocks };
}

/** Makes an image of these files; fails unless fsck.erofs and the kernel show every byte of them. */
function expectSame(contents: Contents, how: ImageOptions, check?: (image: ErofsImage) => void): void {
  withErofs(
    (image) => {
      make(image, contents);
      expectCleanFilesystem(image.path);
      const folder = mkdtempSync(join(tmpdir(), "erofs-extract-"));
      try {
        runOk("fsck.erofs", [`--extract=${folder}`, "--overwrite", image.path]);
        expectContents(folder, contents);
      } finally {
        rmSync(folder, { recursive: true });
      }
      withErofsMount(image.path, (mountPoint) => expectContents(mountPoint, contents));
      check?.(image);
    },
    { cut: 100_000, ...how },
  );
}

function make(image: ErofsImage, contents: Contents): void {
  const files = Object.entries(contents).map(([name, bytes]) => [name, image.file(bytes)] as const);
  image.finish(directory(Object.fromEntries(files)));
}

function expectContents(folder: string, contents: Contents): void {
  expect(readdirSync(folder).sort()).toEqual(Object.keys(contents).sort());
  const different = Object.entries(contents).filter(
    ([name, bytes]) => Buffer.compare(readFileSync(join(folder, name)), bytes) !== 0,
  );
  expect(different.map(([name]) => name)).toEqual([]);
}

/** What dump.erofs says of a file: the layout of its data, and blocks of it as they are stored. */
function describeFile(image: string, name: string): { layout: number; stored: number } {
  const told = runOk("dump.erofs", [`--path=/${name}`, image]);
  const layout = Number(/Layout: (\d)/.exec(told)?.[1]);
  const bytes = Number(/On-disk size: (\d+)/.exec(told)?.[1]);
  return { layout, stored: bytes / BLOCK_SIZE };
}

const LAYOUT = { plain: 0, full: 1, inline: 2, compact: 3 };
const ORACLES = ["fsck.erofs", "dump.erofs", "loop mount"] as const;

testWith(
  ORACLES,
  "files of every length are as they were, at the borders of clusters and of the index's packs",
  () => {
    const lengths = [0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 65_535, 65_536, 65_537, 131_071, 131_073];
    // Where the index begins, two bytes for each block are possible after so many of them: 2, 6, 4 or 0.
    for (const lead of [0, 2, 4, 6]) {
      for (const packs of [0, 15, 16, 17, 32, 33])
        lengths.push((lead + packs) * BLOCK_SIZE, (lead + packs) * BLOCK_SIZE + 1);
    }
    const contents = Object.fromEntries(
      [...new Set(lengths)].flatMap((length) => [
        [`text-${length}`, text(length)],
        [`zeros-${length}`, new Uint8Array(length)],
        [`mixture-${length}`, mixture(length, length)],
      ]),
    );
    for (const how of [packing(16), packing(1), packing(2)]) expectSame(contents, { packing: how });
  },
);

testWith(
  ORACLES,
  "contents of every kind are as they were, in clusters of every size, and of every level",
  () => {
    const contents = Object.fromEntries(KINDS.map(([name, create]) => [name, create(3_000_001)]));
    for (const how of [packing(1), packing(3), packing(16), packing(256), packing(16, 4), packing(16, 9)]) {
      expectSame(contents, { packing: how });
    }
  },
);

testWith(ORACLES, "what does not shrink is stored as it is, and what does takes less room", () => {
  const contents = {
    noise: noise(1_000_000),
    "noise with an end": noise(69_632 + 100, 3),
    small: text(4000),
    text: text(1_000_000),
    zeros: new Uint8Array(1_000_000),
    "noise, then zeros": Buffer.concat([noise(500_000), new Uint8Array(2_000_000)]),
  };
  expectSame(contents, { packing: packing(16) }, ({ path }) => {
    expect(describeFile(path, "noise").layout).toBe(LAYOUT.inline);
    expect(describeFile(path, "noise with an end").layout).toBe(LAYOUT.inline);
    expect(describeFile(path, "small").layout).toBe(LAYOUT.inline);
    expect(describeFile(path, "text").layout).toBe(LAYOUT.compact);
    expect(describeFile(path, "text").stored).toBeLessThan(0.7 * (1_000_000 / BLOCK_SIZE));
    expect(describeFile(path, "zeros")).toEqual({ layout: LAYOUT.compact, stored: 1 });
    expect(describeFile(path, "noise, then zeros").stored).toBeLessThan(123 + 8);
  });
});

testWith(ORACLES, "a file whose clusters lie apart has the index that says so", () => {
  const contents = { short: repeated(100_000, 300), long: mixture(9_000_000, 3), noise: noise(40_000) };
  const check = ({ path }: ErofsImage): void => {
    expect(describeFile(path, "short").layout).toBe(LAYOUT.compact);
    expect(describeFile(path, "long").layout).toBe(LAYOUT.full);
    expect(describeFile(path, "noise").layout).toBe(LAYOUT.inline);
  };
  for (const blocks of [1, 16, 60]) expectSame(contents, { packing: packing(blocks), apart: true }, check);
});

testWith(["dump.erofs"], "the superblock says what a kernel must know", () => {
  withErofs(
    (image) => {
      make(image, { text: text(100_000) });
      expect(runOk("dump.erofs", ["-s", image.path])).toMatch(
        /features:\s+sb_csum mtime 0padding big_pcluster/,
      );
    },
    { packing: packing(16) },
  );
});

testWith(ORACLES, "contents that files replace leave nothing behind, and what is moved is as it was", () => {
  const next = numbersFrom(4);
  const kept = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`kept-${i}`, mixture(next() % 400_000, i)]),
  );
  withErofs(
    (image) => {
      const files = Object.entries(kept).map(([name, bytes]) => {
        image.file(text(50_000 + (next() % 200_000), next()));
        image.file(noise(next() % 20_000, next()));
        return [name, image.file(bytes)] as const;
      });
      const plan = image.finish(directory(Object.fromEntries(files)));
      expect(plan.moves.length).toBeGreaterThan(0);
      expectCleanFilesystem(image.path);
      withErofsMount(image.path, (mountPoint) => expectContents(mountPoint, kept));
    },
    { packing: packing(16), cut: 33_333 },
  );
});

describe("the same contents make the same image", () => {
  const contents = {
    mixture: mixture(2_500_000),
    noise: noise(70_000),
    repeated: repeated(1_200_000, 40_000),
    text: text(300_000),
    tiny: text(10),
  };
  const bytesOf = (cut: number): Buffer =>
    withErofs(
      (image) => {
        make(image, contents);
        return readFileSync(image.path);
      },
      { packing: packing(16), cut },
    );
  const expected = bytesOf(1 << 20);

  test.each([997, 4096, 65_537])("when they come %i bytes at a time", (cut) => {
    expect(bytesOf(cut).equals(expected)).toBe(true);
  });
});
