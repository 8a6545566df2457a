import { describe, expect, test } from "bun:test";
import { openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { checkConversion } from "../../src/convert/request.ts";
import { streamLayers } from "../../src/convert/stream-layers.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { ImageWriter } from "../../src/output/image-writer.ts";
import { openSource } from "../../src/source/open.ts";
import type { Inode } from "../../src/tree/inode.ts";
import { noise } from "../filesystem/erofs/lz4/inputs.ts";
import { alpineLayout } from "../support/images.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, type Oracle, run, runOk, testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { randomStack } from "../support/random-stack.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { fileBytes } from "./smallest.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;
const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];
const RANDOM_STACKS = { some: 20, all: 60 };
const COMPRESSED_STACKS = { some: 10, all: 20 };

function made(source: string, filesystem: FilesystemSettings): Promise<ConvertResult> {
  return convert({ source, platform: "linux/amd64", out: scratch("out"), force: true, filesystem });
}

function build(name: string, layers: readonly (readonly TarItem[])[]): string {
  rmSync(scratch(name), { recursive: true, force: true });
  buildLayout(scratch(name), { layers: layers.map((items) => tar(items)), compress: "none" });
  return `oci:${scratch(name)}`;
}

/** Fails unless the kernel shows of the EROFS what it shows of an ext4 of the same image. */
async function expectSameFiles(source: string, settings: FilesystemSettings = {}): Promise<void> {
  const ext4 = await made(source, { size: "min" });
  const wanted = withMounted(ext4.rootfsPath, "ro", kernelView);
  const { rootfsPath } = await made(source, { type: "erofs", ...settings });
  expectCleanFilesystem(rootfsPath);
  expect(differences(withMounted(rootfsPath, "ro", kernelView), wanted)).toEqual([]);
}

describe("the kernel sees in an EROFS what it sees in an ext4", () => {
  testWith(ORACLES, "of the bundled image", () => expectSameFiles(HELLO));

  const alpine = alpineLayout();
  if (alpine !== undefined) testWith(ORACLES, "of alpine", () => expectSameFiles(`oci:${alpine}`));

  testWith(ORACLES, `of stacks of layers at random`, async () => {
    const layered = fc.asyncProperty(randomStack(), async (layers) => {
      await expectSameFiles(build("stack", layers));
    });
    await fc.assert(layered, randomCases("stacks of layers in EROFS", RANDOM_STACKS));
  });

  testWith(ORACLES, "compressed, of the bundled image", () => expectSameFiles(HELLO, { compress: "lz4" }));

  if (alpine !== undefined) {
    testWith(ORACLES, "compressed, of alpine", () => expectSameFiles(`oci:${alpine}`, { compress: "lz4:9" }));
  }

  testWith(ORACLES, `compressed, of stacks of layers at random`, async () => {
    const sizes = fc.constantFrom(4096, 16_384, 65_536, 1 << 20);
    const layered = fc.asyncProperty(randomStack(), sizes, async (layers, clusterSize) => {
      await expectSameFiles(build("stack", layers), { compress: "lz4", clusterSize });
    });
    await fc.assert(layered, randomCases("compressed stacks", COMPRESSED_STACKS));
  });

  testWith([...ORACLES, "tar"], "of sparse files", async () => {
    const folder = scratch("sparse");
    runOk("bash", [
      "-ec",
      `mkdir -p "$1"; cd "$1"; printf start > a; truncate -s 3000000 a; printf end >> a; truncate -s 50000 b
       tar --sparse --format=pax -cf ../sparse.tar a b`,
      "bash",
      folder,
    ]);
    buildLayout(scratch("image"), { layers: [await Bun.file(scratch("sparse.tar")).bytes()] });
    await expectSameFiles(`oci:${scratch("image")}`);
  });
});

test.each(["none", "lz4"] as const)(
  "files of compression %s can be read while the image is made, and others be added",
  async (compress) => {
    const sizes = [0, 1, 4000, 4032, 4033, 4096, 9000, 100_000, 5000];
    const items = sizes.map(
      (size, n): TarItem => ({
        path: `${n}`,
        data: fileBytes(size, n, true),
        ...(n % 3 === 0 ? { pax: { "SCHILY.xattr.user.n": "value" } } : {}),
      }),
    );
    const half = Buffer.concat([fileBytes(200_000, 1), noise(200_000)]);
    items.push({ path: "half", data: half });
    const source = await openSource(
      { kind: "oci-layout", path: build("read", [items]).slice("oci:".length) },
      { scratchFolder: scratch() },
    );
    const { layers } = await source.resolve({ os: "linux", architecture: "amd64" });
    const writer = new ImageWriter(new ImageFile(scratch(`read-${compress}.erofs`)));
    const { root, contents } = await streamLayers(
      layers,
      writer,
      checkConversion({ filesystem: { type: "erofs", compress } }),
    );
    const added = fileBytes(5000, 99);
    const extents = contents.place(added.length, [added]);
    contents.flush();
    const bytesOf = async (file: Inode | undefined): Promise<Buffer> =>
      Buffer.from(file?.type === "file" ? await contents.read(file) : []);
    for (const [n, size] of sizes.entries()) {
      expect(await bytesOf(root.entries.get(`${n}`))).toEqual(Buffer.from(fileBytes(size, n, true)));
    }
    expect(await bytesOf(root.entries.get("half"))).toEqual(half);
    const { metadata } = root;
    expect(await bytesOf({ type: "file", metadata, size: 5000, extents })).toEqual(Buffer.from(added));
    await writer.close();
    await source.close();
  },
);

test("what is compressed is smaller, and the same by any number of threads", async () => {
  const layers = [0, 1].map((layer) =>
    Array.from(
      { length: 12 },
      (_, n): TarItem => ({ path: `${layer}-${n}`, data: fileBytes(700_000 * n, n) }),
    ),
  );
  const source = build("threads", layers);
  const filesystem = { type: "erofs", compress: "lz4" } as const;
  const bytesBy = async (workers: number): Promise<Buffer> => {
    const options = {
      source,
      platform: "linux/amd64",
      out: scratch("out"),
      force: true,
      filesystem,
      workers,
    };
    return readFileSync((await convert(options)).rootfsPath);
  };
  const wanted = await bytesBy(0);
  const { rootfsPath } = await made(source, { type: "erofs" });
  expect(wanted.length).toBeLessThan(statSync(rootfsPath).size / 4);
  for (const workers of [1, 4]) expect(Buffer.compare(await bytesBy(workers), wanted)).toBe(0);
});

/** Layers of which each has a file that fills most of an arena. */
const manyLayers = (): TarItem[][] =>
  Array.from({ length: 30 }, (_, n) => [
    { path: `file${n}`, data: fileBytes(4_000_000, n) },
    ...Array.from({ length: 20 }, (_, m) => ({ path: `small${n}-${m}`, data: fileBytes(m * 341, m) })),
  ]);

/** Layers of which upper ones replace nearly all. */
const mostlyReplaced = (): TarItem[][] => [
  Array.from({ length: 400 }, (_, n) => ({ path: `a/${n}`, data: fileBytes((n * 7919) % 60_000, n) })),
  Array.from({ length: 400 }, (_, n) => ({ path: `b/${n}`, data: fileBytes((n * 104_729) % 50_000, n) })),
  [
    ...Array.from({ length: 390 }, (_, n) => ({ path: `a/.wh.${n}` })),
    ...Array.from({ length: 200 }, (_, n) => ({ path: `b/${2 * n}`, data: fileBytes(n, n) })),
    { path: "b/last", type: "hardlink", linkname: "b/399" } as const,
  ],
];

const SOURCES: Readonly<Record<string, () => string>> = {
  "the bundled image": () => HELLO,
  "many layers": () => build("many", manyLayers()),
  "much that is replaced": () => build("replaced", mostlyReplaced()),
  "many small files": () =>
    build("small", [
      Array.from({ length: 5000 }, (_, n) => ({
        path: `d${n % 40}/${n}`,
        data: fileBytes((n * 7919) % 5000, n),
      })),
    ]),
};

describe("it is no more than 1 % and two blocks larger than what mkfs.erofs makes of the same files", () => {
  for (const [name, source] of Object.entries(SOURCES)) {
    testWith([...ORACLES, "mkfs.erofs"], name, async () => {
      const { rootfsPath, apparentBytes, metadata } = await made(source(), { type: "erofs" });
      expectCleanFilesystem(rootfsPath);
      expect(apparentBytes).toBe(metadata.filesystem.blocks * 4096);
      const theirs = scratch("mkfs.erofs");
      withMounted(rootfsPath, "ro", (folder) => runOk("mkfs.erofs", [theirs, folder]));
      expect(apparentBytes).toBeLessThanOrEqual(1.01 * statSync(theirs).size + 8192);
    });
  }
});

testWith(["veritysetup"], "a hash tree comes behind it, which refuses one flipped bit", async () => {
  const { rootfsPath, metadata } = await made(HELLO, { type: "erofs", verity: true });
  const { rootHash = "", hashOffset = 0 } = metadata.filesystem.verity ?? {};
  expect(hashOffset).toBe(metadata.filesystem.blocks * 4096);
  const verify = () =>
    run("veritysetup", ["verify", rootfsPath, rootfsPath, rootHash, `--hash-offset=${hashOffset}`]).status;
  expect(verify()).toBe(0);
  writeSync(openSync(rootfsPath, "r+"), new Uint8Array([1]), 0, 1, hashOffset - 1);
  expect(verify()).not.toBe(0);
});

testWith(["dump.erofs"], "its superblock says what meta.json says", async () => {
  const { rootfsPath, metadata, sizing } = await made(HELLO, { type: "erofs", label: "fifteen bytes!!" });
  const { uuid, blocks, inodes, ...others } = metadata.filesystem;
  expect(others).toEqual({ type: "erofs", label: "fifteen bytes!!", blockSize: 4096, freeBlocks: 0 });
  expect(rootfsPath).toEndWith("/rootfs.erofs");
  expect(sizing).toEqual({ kind: "min" });
  const said = runOk("dump.erofs", ["-s", rootfsPath]);
  const field = (name: string) => new RegExp(`${name}:\\s+(.*?)\\s*$`, "m").exec(said)?.[1];
  expect(field("Filesystem blocks")).toBe(`${blocks}`);
  expect(field("Filesystem inode count")).toBe(`${inodes}`);
  expect(field("Filesystem UUID")).toBe(uuid);
  expect(field("Filesystem features")).toBe("sb_csum mtime");
});

testWith(["loop mount"], "the kernel refuses it with a byte of its superblock changed", async () => {
  const { rootfsPath } = await made(HELLO, { type: "erofs" });
  withMounted(rootfsPath, "ro", () => undefined);
  writeSync(openSync(rootfsPath, "r+"), new Uint8Array([1]), 0, 1, 1024 + 60);
  expect(() => withMounted(rootfsPath, "ro", () => undefined)).toThrow("mount");
});

describe("what it has not is refused before anything is read", () => {
  const refusals: readonly [settings: FilesystemSettings, message: string, hint: string][] = [
    [{ size: "min" }, "EROFS has not a size of its own", "leave --size out"],
    [{ size: 2 ** 30 }, "EROFS has not a size of its own", "leave --size out"],
    [{ free: 0 }, "EROFS has not free space", "leave --free out"],
    [{ inodes: 1000 }, "EROFS has not a number of inodes", "leave --inodes out"],
    [{ journal: 2 ** 24 }, "EROFS has not a journal", "leave --journal out"],
    [{ journal: "off" }, "EROFS has not a journal", "leave --journal out"],
    [{ lostAndFound: false }, "EROFS has not a lost+found", "leave --no-lost-found out"],
    [{ label: "sixteen bytes!!!" }, "has 16 bytes", "at most 15 bytes"],
  ];
  for (const [settings, message, hint] of refusals) {
    test(JSON.stringify(settings), async () => {
      await expect(made("oci:/nowhere", { type: "erofs", ...settings })).rejects.toMatchObject({
        code: "E_USAGE",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      });
    });
  }

  test("a guest of Gondolin, which boots from ext4", async () => {
    const job = convert({
      source: "oci:/nowhere",
      out: scratch("never"),
      filesystem: { type: "erofs" },
      profile: { name: "gondolin" },
    });
    await expect(job).rejects.toMatchObject({
      code: "E_USAGE",
      message: "a Gondolin guest does not boot from erofs",
      hint: expect.stringContaining("--fs ext4"),
    });
  });

  test("but for reading only it is always", async () => {
    const { metadata } = await made(HELLO, { type: "erofs", readOnly: true });
    expect(metadata.filesystem.type).toBe("erofs");
  });
});
