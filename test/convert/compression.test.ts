import { describe, expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import { mixture, noise, text } from "../filesystem/erofs/lz4/inputs.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const LZ4: FilesystemSettings = { type: "erofs", compress: "lz4" };

function made(filesystem: FilesystemSettings, more: Partial<ConvertOptions> = {}): Promise<ConvertResult> {
  const source = layout("layers", [1, 2, 3, 4]);
  return convert({ source, platform: "linux/amd64", out: scratch("out"), force: true, filesystem, ...more });
}

/** Layers of files of every kind of contents, which replace one another. */
function layout(name: string, numbers: readonly number[]): string {
  const folder = scratch(name);
  rmSync(folder, { recursive: true, force: true });
  const layers = numbers.map((layer) => {
    const large: TarItem = { path: `large${layer % 3}`, data: mixture(1_500_000 * layer, layer) };
    const small = Array.from({ length: 40 }, (_, n): TarItem => {
      const make = [mixture, noise, text][n % 3] ?? text;
      return { path: `d/f${(n * layer) % 60}`, data: make((n * n * n) % 50_000, n + layer) };
    });
    return tar([large, ...small, { path: `d/.wh.f${layer}` }]);
  });
  buildLayout(folder, { layers });
  return `oci:${folder}`;
}

testWith(
  ["fsck.erofs", "loop mount", "getfattr"],
  "the kernel sees the same files, compressed or not",
  async () => {
    const plain = await made({ type: "erofs" });
    const wanted = withMounted(plain.rootfsPath, "ro", kernelView);
    const sizes = [plain.apparentBytes];
    for (const settings of [LZ4, { ...LZ4, compress: "lz4:6" }, { ...LZ4, clusterSize: 1 << 20 }] as const) {
      const { rootfsPath, apparentBytes } = await made(settings);
      expectCleanFilesystem(rootfsPath);
      expect(differences(withMounted(rootfsPath, "ro", kernelView), wanted)).toEqual([]);
      sizes.push(apparentBytes);
    }
    const [asIs = 0, fast = 0, small = 0] = sizes;
    expect(fast).toBeLessThan(0.8 * asIs);
    expect(small).toBeLessThan(fast);
  },
);

test("the bytes are the same, however many threads compress", async () => {
  const digests = new Set<string | undefined>();
  for (const workers of [undefined, 0, 1, 2, 3, 4]) {
    const { metadata } = await made(LZ4, { workers, digest: true });
    digests.add(metadata.rootfsDigest);
  }
  expect(digests.size).toBe(1);
});

testWith(
  ["mkfs.erofs", "loop mount"],
  "it is at most 5 % larger than what mkfs.erofs compresses",
  async () => {
    const { rootfsPath } = await made(LZ4, { source: layout("layer", [4]) });
    const theirs = scratch("mkfs.erofs");
    withMounted(rootfsPath, "ro", (folder) => runOk("mkfs.erofs", ["-zlz4", "-C65536", theirs, folder]));
    expect(statSync(rootfsPath).size).toBeLessThan(1.05 * statSync(theirs).size);
  },
);

test("meta.json and the plan say how contents are compressed, and only then", async () => {
  const { metadata } = await made({ ...LZ4, compress: "lz4:3", clusterSize: 16_384 });
  expect(metadata.filesystem.compression).toEqual({ algorithm: "lz4", level: 3, clusterSize: 16_384 });
  expect((await made({ type: "erofs", compress: "none" })).metadata.filesystem).not.toHaveProperty(
    "compression",
  );
  const filesystem = { ...LZ4 };
  const { filesystem: planned } = await planConversion({
    source: layout("layers", [1]),
    out: scratch("never"),
    platform: "linux/amd64",
    filesystem,
  });
  expect(planned.options).toMatchObject({ compress: "lz4:1", clusterSize: 65_536 });
});

test("the UUID tells compressed from not, and one level and cluster from others", async () => {
  const uuids: string[] = [];
  for (const settings of [
    { type: "erofs" },
    LZ4,
    { ...LZ4, compress: "lz4:2" },
    { ...LZ4, clusterSize: 4096 },
  ] as const) {
    uuids.push((await made(settings)).metadata.filesystem.uuid);
  }
  expect(new Set(uuids).size).toBe(4);
  const none = await made({ type: "erofs", compress: "none" });
  expect(none.metadata.filesystem.uuid).toBe(uuids[0] ?? "");
});

describe("what cannot be compressed like that is refused before anything is read", () => {
  const refusals: readonly [settings: object, message: string, hint: string][] = [
    [{ compress: "lz4" }, "ext4 has no compression", "--fs erofs"],
    [{ type: "xfs", compress: "lz4" }, "xfs has no compression", "--fs erofs"],
    [{ type: "ext2", clusterSize: 65_536 }, "ext2 has no compression", "leave --cluster-size out"],
    [{ type: "erofs", compress: "zstd" }, '"zstd" is no compression', "lz4:1 (fast) to lz4:9"],
    [{ type: "erofs", compress: "lz4:0" }, '"lz4:0" is no compression', "lz4:1"],
    [{ type: "erofs", compress: "lz4:10" }, '"lz4:10" is no compression', "lz4:9"],
    [{ type: "erofs", compress: "lz4:" }, '"lz4:" is no compression', "lz4:9"],
    [{ type: "erofs", clusterSize: 65_536 }, "only what is compressed has clusters", "add --compress"],
    [{ ...LZ4, clusterSize: 5000 }, "cannot have 5000 bytes", "a multiple of 4096"],
    [{ ...LZ4, clusterSize: 0 }, "cannot have 0 bytes", "a multiple of 4096"],
    [{ ...LZ4, clusterSize: 2 << 20 }, "cannot have 2097152 bytes", "at most 1048576"],
  ];
  for (const [filesystem, message, hint] of refusals) {
    test(JSON.stringify(filesystem), async () => {
      const job = convert({ source: "oci:/nowhere", out: scratch("never"), filesystem });
      await expect(job).rejects.toMatchObject({
        code: "E_USAGE",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      });
    });
  }
});
