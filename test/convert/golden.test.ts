/**
 * Digests of a few images. They change only where what everybody's images are is meant to change: CHANGELOG.md says
 * then what, and why.
 */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { fileBytes } from "./smallest.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;

const IMAGES: Readonly<Record<string, () => readonly TarItem[][]>> = {
  "many names, links and attributes": () => [
    Array.from({ length: 3000 }, (_, n) => ({
      path: `d${n % 3}/a-name-of-some-length-${n}`,
      data: fileBytes(n % 50, n % 250),
      mtime: n,
      ...(n % 100 === 0 ? { pax: { "SCHILY.xattr.user.n": "v".repeat(n) } } : {}),
    })),
    [
      { path: "hard", type: "hardlink", linkname: "d0/a-name-of-some-length-0" },
      { path: "soft", type: "symlink", linkname: "t".repeat(100) },
      { path: "null", type: "char", major: 1, minor: 3, mode: 0o666 },
    ],
  ],
  "layers that take turns": () =>
    Array.from({ length: 7 }, (_, layer) => [
      { path: `big${layer}`, data: fileBytes(700_000 * ((layer * 5) % 7), layer, layer % 2 === 0) },
      ...Array.from({ length: 30 }, (_, n) => ({ path: `f${n * (layer + 1)}`, data: fileBytes(n * 700, n) })),
    ]),
  "much that is replaced": () => [
    Array.from({ length: 20 }, (_, n) => ({ path: `a/${n}`, data: fileBytes(500_000, n) })),
    [{ path: "a/.wh..wh..opq" }, { path: "b", data: fileBytes(3_000_000, 5) }],
  ],
};

const GOLDEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bundled: {
    ext4: "2b5bc77e6299538e",
    ext3: "7429811758f0530b",
    ext2: "1509d87f3ff0ebda",
    xfs: "c1e8c9a0f41691bb",
    "xfs, smallest": "2d0253f58f6a092c",
    "ext4, smallest": "cae2394cc2978f6e",
    "ext4, verity": "fb07176d30d8aed9",
    erofs: "e8eafab6810c5c8a",
    "erofs, verity": "9e2d29a8e0871e67",
  },
  "many names, links and attributes": {
    ext4: "de9565543a911734",
    ext3: "8b1224f313f98574",
    ext2: "43e06aef85aa9b36",
    xfs: "1f4632eda99b4f88",
    "xfs, smallest": "58b2b352954b790a",
    "ext4, smallest": "1b08bb227c13ee0c",
    "ext4, verity": "11724d996089bbd6",
    erofs: "7f51d4f34090ff74",
    "erofs, verity": "4b855af9cf028064",
  },
  "layers that take turns": {
    ext4: "4983572685c5937f",
    ext3: "10c5dd3cc9e302a8",
    ext2: "d53f02799fe4a541",
    xfs: "42917d74cd43225e",
    "xfs, smallest": "bef71acb9e28564a",
    "ext4, smallest": "6f5e6402c23f9e26",
    "ext4, verity": "e7ec4147ae8e2f72",
    erofs: "5a35315a2662478e",
    "erofs, verity": "1e26f817d3a2e106",
  },
  "much that is replaced": {
    ext4: "33ba58eecef769b0",
    ext3: "462cfedfb1c0fa5e",
    ext2: "18fa3cff0a5ba426",
    xfs: "4f09f1c052d48c34",
    "xfs, smallest": "6b2329ab7a29ff4f",
    "ext4, smallest": "e0d7fd9b8c017370",
    "ext4, verity": "5d13ddb7aeea4c7f",
    erofs: "21a244db391cba85",
    "erofs, verity": "d8a72770c3afa4be",
  },
};

async function digest(asked: Pick<ConvertOptions, "source" | "layerStore">, filesystem: FilesystemSettings) {
  const out = scratch("out");
  const { rootfsPath } = await convert({ ...asked, platform: "linux/amd64", out, force: true, filesystem });
  return createHash("sha256").update(readFileSync(rootfsPath)).digest("hex").slice(0, 16);
}

describe("the bytes are those of the version before", () => {
  for (const [name, layers] of [["bundled", undefined], ...Object.entries(IMAGES)] as const) {
    test(name, async () => {
      if (layers !== undefined)
        buildLayout(scratch(name), { layers: layers().map((items) => tar(items)), compress: "none" });
      const source = layers === undefined ? HELLO : `oci:${scratch(name)}`;
      // With layers that the first of them keeps, and all others use.
      for (const layerStore of [undefined, { folder: scratch(`${name}-layers`) }]) {
        const of = (filesystem: FilesystemSettings) => digest({ source, layerStore }, filesystem);
        const made = {
          ext4: await of({ type: "ext4" }),
          ext3: await of({ type: "ext3" }),
          ext2: await of({ type: "ext2" }),
          xfs: await of({ type: "xfs" }),
          "xfs, smallest": await of({ type: "xfs", size: "min" }),
          "ext4, smallest": await of({ size: "min" }),
          "ext4, verity": await of({ readOnly: true, verity: true }),
          erofs: await of({ type: "erofs" }),
          "erofs, verity": await of({ type: "erofs", verity: true }),
        };
        expect(made).toEqual(GOLDEN[name] as typeof made);
      }
    });
  }
});
