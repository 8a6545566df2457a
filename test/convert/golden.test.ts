/**
 * Digests of a few images. They change only where what everybody's images are is meant to change: CHANGELOG.md says
 * then what, and why.
 */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
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
    ext4: "e5cf6ccdb65784e5",
    ext3: "28da5a0b4541e339",
    ext2: "528927dc4beb9768",
    "ext4, smallest": "7688c1227b0ab861",
    "ext4, verity": "f538d8e2266f22e1",
  },
  "many names, links and attributes": {
    ext4: "3eb2bc0d9774e4be",
    ext3: "2a77d88a800c2eea",
    ext2: "5aebc9fa5ccb5865",
    "ext4, smallest": "29a5659c7a91f9b5",
    "ext4, verity": "161e6072dff2df73",
  },
  "layers that take turns": {
    ext4: "cfbda4411c1814a3",
    ext3: "8c7f039344dc369c",
    ext2: "37f99d7cd91e9368",
    "ext4, smallest": "cca877dc11cb3ca0",
    "ext4, verity": "0747ba98d163c678",
  },
  "much that is replaced": {
    ext4: "6bb645378522df7c",
    ext3: "1db1387cba96f0e8",
    ext2: "24984f7ed6965578",
    "ext4, smallest": "02fc619bd111ac85",
    "ext4, verity": "c9fcf6b28ea0354c",
  },
};

async function digest(source: string, options: Partial<ConvertOptions>): Promise<string> {
  const out = scratch("out");
  const { rootfsPath } = await convert({ source, platform: "linux/amd64", out, force: true, ...options });
  return createHash("sha256").update(readFileSync(rootfsPath)).digest("hex").slice(0, 16);
}

describe("the bytes are those of the version before", () => {
  for (const [name, layers] of [["bundled", undefined], ...Object.entries(IMAGES)] as const) {
    test(name, async () => {
      if (layers !== undefined)
        buildLayout(scratch(name), { layers: layers().map((items) => tar(items)), compress: "none" });
      const source = layers === undefined ? HELLO : `oci:${scratch(name)}`;
      const made = {
        ext4: await digest(source, { fs: "ext4" }),
        ext3: await digest(source, { fs: "ext3" }),
        ext2: await digest(source, { fs: "ext2" }),
        "ext4, smallest": await digest(source, { size: "min" }),
        "ext4, verity": await digest(source, { readOnly: true, verity: true }),
      };
      expect(made).toEqual(GOLDEN[name] as typeof made);
    });
  }
});
