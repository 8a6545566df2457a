/** Ways of compressing that mkfs.erofs of older distributions lacks, made by hand, against what the kernel shows. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { COMPAT, INCOMPAT } from "../../../../src/filesystem/erofs/format/features.ts";
import { openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { lookup } from "../../../../src/filesystem/reading/lookup.ts";
import { inflatedWhole, unzstdPortable } from "../../../../src/inflate/whole.ts";
import { finished, unpaused } from "../../../../src/waiting/steps.ts";
import { expectError } from "../../../support/expect-error.ts";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import { type Cluster, type MadeFile, madeImage } from "./compressed-image.ts";
import { noise, text, verify, withFilesystem, withFolder } from "./support.ts";

const BLOCK = 4096;
const IN_PACKED = 0x20;
const WHOLE_IN_PACKED = 0x80;
const DEFLATE = 2;
const ZSTD = 3;
/** struct z_erofs_deflate_cfgs: windows of 32 KiB; struct z_erofs_zstd_cfgs: of 1 MiB. Their lengths before them. */
const DEFLATE_CONFIGURATION = Uint8Array.from([6, 0, 15, 0, 0, 0, 0, 0]);
const ZSTD_CONFIGURATION = Uint8Array.from([6, 0, 0, 10, 0, 0, 0, 0]);

const CONTENTS = Buffer.concat([
  Buffer.alloc(8 * BLOCK, text(1500)),
  noise(BLOCK),
  Buffer.alloc(3 * BLOCK - 1000, text(900)),
]);

/** Eight blocks of text in one, one that nothing compresses, and the rest. */
function clustersBy(compress: (bytes: Uint8Array) => Uint8Array): Cluster[] {
  return [
    { blocks: 8, type: "HEAD1", stored: compress(CONTENTS.subarray(0, 8 * BLOCK)) },
    { blocks: 1, type: "PLAIN", stored: CONTENTS.subarray(8 * BLOCK, 9 * BLOCK) },
    { blocks: 3, type: "HEAD1", stored: compress(CONTENTS.subarray(9 * BLOCK)) },
  ];
}

function deflated(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level: 9 });
}

function zstandard(bytes: Uint8Array): Uint8Array {
  return Buffer.from(
    runOk("zstd", ["-19", "--zstd=wlog=16", "-c", "--no-check"], { input: bytes, encoding: "latin1" }),
    "latin1",
  );
}

/** The reader sees what the kernel sees, and every file is `CONTENTS` or a part of it. */
function expectAsTheKernel(image: Uint8Array): void {
  withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, image);
    const want = withMounted(path, "ro", kernelView, "erofs");
    expect(differences(withFilesystem(path, readerView), want)).toEqual([]);
    expect(verify(memoryImage(image))).toMatchObject({ findings: [], more: 0 });
  });
}

function contentsIn(image: Uint8Array, name: string): Buffer {
  const filesystem = openErofs(memoryImage(image));
  const file = finished(lookup(filesystem, name));
  const bytes = Buffer.alloc(file.size);
  for (const piece of unpaused(filesystem.read(file))) bytes.set(piece.bytes, piece.offset);
  return bytes;
}

testWith(["loop mount", "getfattr"], "deflate is read", () => {
  const file = { name: "file", size: CONTENTS.length, clusters: clustersBy(deflated) };
  const image = madeImage([{ ...file, header: { h_algorithmtype: DEFLATE } }], {
    algorithms: 1 << DEFLATE,
    configurations: DEFLATE_CONFIGURATION,
  });
  expectAsTheKernel(image);
  expect(contentsIn(image, "file").equals(CONTENTS)).toBe(true);
});

testWith(["loop mount", "getfattr", "zstd"], "zstd is read", () => {
  const file = { name: "file", size: CONTENTS.length, clusters: clustersBy(zstandard) };
  const image = madeImage([{ ...file, header: { h_algorithmtype: ZSTD } }], {
    algorithms: 1 << ZSTD,
    configurations: ZSTD_CONFIGURATION,
  });
  expectAsTheKernel(image);
  expect(contentsIn(image, "file").equals(CONTENTS)).toBe(true);
});

testWith(
  ["loop mount", "getfattr"],
  "ends and files in the packed inode, and prefixes of attributes, are read",
  () => {
    const header = { h_algorithmtype: DEFLATE };
    const whole = { h_fragmentoff: 700, h_clusterbits: WHOLE_IN_PACKED };
    const end: MadeFile = {
      name: "end",
      size: 9 * BLOCK + 100,
      clusters: [...clustersBy(deflated).slice(0, 2), { blocks: 1, type: "HEAD1", stored: new Uint8Array() }],
      header: { ...header, h_advise: IN_PACKED, h_fragmentoff: 9 * BLOCK },
      // A header, no shared ones, and "user.prefix." + "x" = "y" by prefix 0, padded to 4.
      xattrs: Uint8Array.from([...new Array(12).fill(0), 1, 0x80, 1, 0, 0x78, 0x79, 0, 0]),
    };
    const files: MadeFile[] = [
      end,
      { name: "packed", size: CONTENTS.length, clusters: clustersBy(deflated), header, isPacked: true },
      { name: "whole", size: 5000, clusters: [], header: whole },
    ];
    const prefix = Buffer.concat([Uint8Array.from([8, 0, 1]), Buffer.from("prefix.")]);
    const image = madeImage(files, {
      algorithms: 1 << DEFLATE,
      configurations: DEFLATE_CONFIGURATION,
      compat: COMPAT.plain_xattr_pfx,
      incompat: INCOMPAT.fragments | INCOMPAT.xattr_prefixes,
      prefixes: { count: 1, bytes: prefix },
    });
    expectAsTheKernel(image);
    expect(contentsIn(image, "whole").equals(CONTENTS.subarray(700, 5700))).toBe(true);
    expect(contentsIn(image, "end").equals(CONTENTS.subarray(0, 9 * BLOCK + 100))).toBe(true);
  },
);

test("LZMA is refused by name, and other contents of the image are read", async () => {
  const cluster: Cluster = { blocks: 2, type: "HEAD1", stored: noise(100) };
  const file: MadeFile = {
    name: "file",
    size: 2 * BLOCK,
    clusters: [cluster],
    header: { h_algorithmtype: 1 },
  };
  const filesystem = openErofs(
    memoryImage(madeImage([file], { algorithms: 2, configurations: new Uint8Array(16) })),
  );
  const inode = finished(lookup(filesystem, "file"));
  expect(inode.size).toBe(2 * BLOCK);
  await expectError(() => [...filesystem.read(inode)], "E_UNSUPPORTED", "compressed with LZMA");
});

testWith(["zstd"], "no piece makes more than it may, and both ways of zstd make the same", () => {
  const zeros = new Uint8Array(20 << 20);
  const bomb = zstandard(zeros);
  for (const inflate of [
    () => inflatedWhole("zstd", bomb, 1 << 20),
    () => unzstdPortable(bomb, 1 << 20),
    () => inflatedWhole("deflate", deflated(zeros), 1 << 20),
  ]) {
    expect(inflate).toThrow();
  }
  const stored = zstandard(CONTENTS);
  expect(Buffer.from(unzstdPortable(stored, 1 << 20)).equals(CONTENTS)).toBe(true);
  expect(Buffer.from(inflatedWhole("zstd", stored, 1 << 20)).equals(CONTENTS)).toBe(true);
});
