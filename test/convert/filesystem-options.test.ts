import { describe, expect, test } from "bun:test";
import { openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import { convertDockerfile } from "../../src/dockerfile/convert-dockerfile.ts";
import type { Sizing } from "../../src/filesystem/kind/size.ts";
import { expectError } from "../support/expect-error.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem, run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");

async function made(filesystem: FilesystemSettings, more: Partial<ConvertOptions> = {}) {
  const image = { source: `oci:${HELLO}`, platform: "linux/amd64" };
  return await convert({ ...image, out: scratch("out"), force: true, filesystem, ...more });
}

/** A field of the superblock as dumpe2fs prints it. */
function field(image: string, name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(runOk("dumpe2fs", ["-h", image]))?.[1] ?? "";
}

describe("the filesystem that was asked for", () => {
  let usual: KernelView | undefined;

  const kinds: readonly [name: string, options: FilesystemSettings, features: RegExp][] = [
    ["ext4", {}, /^has_journal .*extent 64bit flex_bg .*metadata_csum$/],
    ["ext3", { type: "ext3" }, /^has_journal ext_attr dir_index filetype sparse_super large_file$/],
    ["ext2", { type: "ext2" }, /^ext_attr dir_index filetype sparse_super large_file$/],
    ["of the smallest size", { size: "min" }, /metadata_csum/],
    ["for reading only", { readOnly: true }, /^ext_attr .*read-?only/],
    ["without a journal", { journal: "off" }, /^ext_attr/],
  ];
  for (const [name, options, features] of kinds) {
    testWith(
      ["e2fsck", "dumpe2fs", "loop mount", "getfattr"],
      `${name}: clean, and the same files to the kernel`,
      async () => {
        const { rootfsPath } = await made(options);
        expectCleanFilesystem(rootfsPath);
        expect(field(rootfsPath, "Filesystem features")).toMatch(features);
        const view = withMounted(rootfsPath, "ro", kernelView);
        usual ??= view;
        expect(view.size).toBeGreaterThan(300);
        expect(differences(view, usual)).toEqual([]);
      },
    );
  }

  testWith(["dumpe2fs"], "has the free space, the inodes and the journal that were asked for", async () => {
    const { rootfsPath, metadata } = await made({ free: 10 * 2 ** 20, inodes: 5000, journal: 8 * 2 ** 20 });
    expect(metadata.filesystem.freeBlocks).toBeGreaterThanOrEqual(2560);
    expect(metadata.filesystem.freeBlocks).toBeLessThan(2560 + 256);
    expect(Number(field(rootfsPath, "Inode count"))).toBeGreaterThanOrEqual(5000);
    expect(field(rootfsPath, "Total journal size")).toBe("8M");
  });

  testWith(["loop mount"], "has no lost+found where none is wanted", async () => {
    const { rootfsPath } = await made({ lostAndFound: false });
    expect(withMounted(rootfsPath, "ro", (folder) => readdirSync(folder))).not.toContain("lost+found");
  });

  testWith(
    ["veritysetup", "e2fsck"],
    "carries a hash tree that veritysetup accepts, and refuses after one flipped bit",
    async () => {
      const { rootfsPath, metadata, apparentBytes } = await made({ verity: true });
      const { rootHash = "", hashOffset = 0 } = metadata.filesystem.verity ?? {};
      const verify = () =>
        run("veritysetup", ["verify", rootfsPath, rootfsPath, rootHash, `--hash-offset=${hashOffset}`]);
      expect(hashOffset).toBe(metadata.filesystem.blocks * metadata.filesystem.blockSize);
      expect(apparentBytes).toBeGreaterThan(hashOffset);
      expect(verify().status).toBe(0);
      expectCleanFilesystem(rootfsPath);
      writeSync(openSync(rootfsPath, "r+"), new Uint8Array([1]), 0, 1, hashOffset - 1);
      expect(verify().status).not.toBe(0);
    },
  );
});

testWith(["debugfs"], "the latest time that can be is what it says", async () => {
  const { rootfsPath } = await made({}, { sourceDateEpoch: 15032385535 });
  const stat = runOk("debugfs", ["-R", "stat /lost+found", rootfsPath], { env: { TZ: "UTC" } });
  expect(stat).toMatch(/mtime: .*May 10 22:38:55 2446/);
});

describe("a dry run", () => {
  const plan = (filesystem: FilesystemSettings) =>
    planConversion({ source: `oci:${HELLO}`, platform: "linux/amd64", out: scratch("planned"), filesystem });

  test("tells the stored bytes of all layers", async () => {
    const { layers, storedBytes } = await plan({});
    expect(layers.length).toBeGreaterThan(1);
    expect(storedBytes).toBe(layers.reduce((sum, { size }) => sum + size, 0));
    expect(storedBytes).toBeGreaterThan(0);
    const { image } = await inspectImage({ source: `oci:${HELLO}`, platform: "linux/amd64" });
    expect(image?.storedBytes).toBe(storedBytes);
  });

  const GROUP = 2 ** 27;
  for (const [what, options] of [
    ["a size", { size: 2 ** 26 }],
    ["a size that is not whole blocks", { size: 2 ** 26 + 5000 }],
    ["a hash tree", { size: 2 ** 26, verity: true }],
    ["a last group too short for its superblock", { size: GROUP + 4096 }],
    ["a last group just long enough", { size: GROUP + 8192 }],
    ["a last group too short for an ext2's bitmaps", { size: GROUP + 8192, type: "ext2" }],
    ["a last group with room for any inode table", { size: GROUP + 2000 * 4096, type: "ext3" }],
    [
      "a last group with room for the inodes asked for",
      { size: GROUP + 30 * 4096, type: "ext2", inodes: 500 },
    ],
  ] satisfies readonly [string, FilesystemSettings][]) {
    test(`tells to the byte what comes of ${what}`, async () => {
      const planned = await plan(options);
      const { apparentBytes, sizing, metadata } = await made(options);
      expect(planned).toMatchObject({
        sizing,
        apparentBytes,
        filesystem: { blocks: metadata.filesystem.blocks },
      });
    });
  }

  for (const [options, sizing] of [
    [{}, { kind: "auto", free: "default" }],
    [{ free: 2 ** 25 }, { kind: "auto", free: 2 ** 25 }],
    [{ size: "min" }, { kind: "min" }],
    [{ readOnly: true }, { kind: "min" }],
    // How long an inode table is depends on the number of files; so does whether the last group is there.
    [{ type: "ext2", size: GROUP + 300 * 4096, readOnly: true }, { kind: "fixed" }],
  ] satisfies readonly [FilesystemSettings, Sizing][]) {
    test(`says that the size depends on the contents for ${JSON.stringify(options)}`, async () => {
      const planned = await plan(options);
      expect(planned).toMatchObject({ sizing, apparentBytes: null, filesystem: { blocks: null } });
      expect((await made(options)).sizing).toEqual(sizing);
    });
  }

  test("refuses a size that no such filesystem has, and says which has", async () => {
    for (const [type, hint] of [
      ["ext3", "ask for less, or for ext4, which holds more"],
      ["ext4", "ask for less"],
    ] as const) {
      await expect(plan({ size: 2 ** 48, type })).rejects.toMatchObject({ code: "E_FILESYSTEM_LIMIT", hint });
    }
  });
});

describe("what cannot be is refused before anything is read", () => {
  // Guest assets, which are not there, would be looked for first of all.
  const profile = { name: "gondolin", mode: "assets", guestAssets: "/nonexistent" } as const;
  for (const sourceDateEpoch of [15032385536, 8.64e12 + 1, Number.MAX_SAFE_INTEGER]) {
    test(`the time ${sourceDateEpoch}, which no filesystem can say`, async () => {
      const options = {
        source: `oci:${HELLO}`,
        platform: "linux/amd64",
        out: scratch("out"),
        sourceDateEpoch,
      };
      for (const job of [convert, planConversion, convertDockerfile]) {
        await expectError(job({ ...options, profile }), "E_USAGE", "later than", "2446-05-10");
      }
    });
  }

  const JOURNALS =
    'a journal has from 4M to 40000M (1024 to 10240000 blocks of 4096 bytes); "off" is for none';
  const SIZES = 'a size is a whole number of bytes from 4096 on; "min" is the smallest that holds the image';
  const refusals: readonly [options: FilesystemSettings, message: string, hint?: string][] = [
    [{ type: "ext2", journal: 2 ** 24 }, "ext2 has no journal"],
    [{ type: "ext3", readOnly: true }, "ext3 always has a journal"],
    [{ journal: 0 }, "a journal of 0 bytes is not possible", JOURNALS],
    [{ journal: 1024 }, "a journal of 1024 bytes is not possible", JOURNALS],
    [{ journal: 2 ** 36 }, "a journal of 16777216 blocks is not possible", JOURNALS],
    [{ size: 2 ** 30, free: 2 ** 20 }, "a size and free space contradict each other"],
    [{ inodes: 0 }, "0 is not a number of inodes"],
    [{ size: 0 }, "a size of 0 bytes is not possible", SIZES],
    [{ size: 100 }, "a size of 100 bytes is not possible", SIZES],
    [
      { free: -1 },
      "free space of -1 bytes is not possible",
      "free space is a whole number of bytes, and may be 0",
    ],
    [{ compress: "lz4" }, "ext4 has no compression", "choose --fs erofs, or leave --compress out"],
    [
      { type: "xfs", clusterSize: 65536 },
      "xfs has no compression",
      "choose --fs erofs, or leave --cluster-size out",
    ],
    [
      { type: "erofs", clusterSize: 65536 },
      "only what is compressed has clusters",
      "add --compress lz4, or leave --cluster-size out",
    ],
    [{ type: "erofs", compress: "lz4:0" }, '"lz4:0" is no compression of EROFS here'],
    [{ type: "erofs", compress: "lz4:10" }, '"lz4:10" is no compression of EROFS here'],
    [{ type: "erofs", compress: "lz4", clusterSize: 5000 }, "a cluster cannot have 5000 bytes"],
    [{ type: "erofs", compress: "lz4", clusterSize: 0 }, "a cluster cannot have 0 bytes"],
    [{ type: "erofs", compress: "lz4", clusterSize: 2 << 20 }, "a cluster cannot have 2097152 bytes"],
  ];
  for (const [options, message] of [
    [{ profile: { name: "grub" } }, '"grub" is no profile'],
    [{ profile: { name: "gondolin", mode: "disk" } }, '"disk" is no mode'],
    [{ profile: "gondolin" }, 'the option profile is "gondolin", and no object'],
    [{ filesystem: "ext4" }, 'the option filesystem is "ext4", and no object'],
    [{ limits: null }, "the option limits is null, and no object"],
  ] as const) {
    test(`${message}, which only JavaScript can say`, () =>
      expectError(
        convert({ source: "oci:/nowhere", out: scratch("never"), ...(options as object) }),
        "E_USAGE",
        message,
      ));
  }

  for (const [options, message, hint] of refusals) {
    test(message, async () => {
      const converted = convert({ source: "oci:/nowhere", out: scratch("never"), filesystem: options });
      await expect(converted).rejects.toMatchObject({
        code: "E_USAGE",
        message: expect.stringContaining(message),
        ...(hint === undefined ? {} : { hint }),
      });
    });
  }
});
