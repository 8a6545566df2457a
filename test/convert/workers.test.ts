import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { convert } from "../../src/convert/convert.ts";
import { layerReader } from "../../src/convert/layer-reader.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { Docker2vmError } from "../../src/errors.ts";
import type { InflateChoice } from "../../src/layer/decompress.ts";
import type { LayerBlob } from "../../src/layer/layer-stream.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { type BuiltImage, buildLayout, type LayoutImage } from "../support/layout-builder.ts";
import { expectCleanIfChecked, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
let images = 0;

function imageOf(layers: readonly (readonly TarItem[])[]): { layout: string; image: BuiltImage } {
  const layout = scratch(`image${images++}`);
  return { layout, image: buildLayout(layout, { layers: layers.map(tar) }) };
}

/** Everything that is said of a failure, down to the first cause. */
async function failure(
  layout: string,
  options: Partial<Pick<ConvertOptions, "signal" | "workers" | "onProgress">> & {
    readonly out?: string;
    readonly source?: string;
  } = {},
) {
  const { out = scratch("out"), source = `oci:${layout}` } = options;
  try {
    await convert({ source, platform: "linux/amd64", out, workers: 2, ...options });
  } catch (error) {
    expect(existsSync(out)).toBe(false);
    if (!(error instanceof Docker2vmError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    return { code: error.code, message: error.message, hint: error.hint, cause };
  }
  throw new Error("nothing failed");
}

const GOOD: readonly TarItem[] = [{ path: "good", data: "good" }];

describe("a failure in a thread is told as without threads", () => {
  test("of a damaged blob, though its tar breaks first", async () => {
    const made = imageOf([GOOD, [{ path: "f", data: randomBytes(3_000_000) }]]);
    const blob = join(made.layout, "blobs/sha256", made.image.layers[1]?.digest.slice(7) ?? "");
    const bytes = readFileSync(blob);
    bytes.fill(0, 1000, 2000);
    writeFileSync(blob, bytes);
    const { code, message, cause } = await failure(made.layout);
    expect(code).toBe("E_DIGEST_MISMATCH");
    expect(message).toStartWith("layer 2 (sha256:");
    expect(cause).toContain("its gzip data is damaged");
  });

  testWith(["tar"], "of a damaged blob that is a part of an archive", async () => {
    const made = imageOf([GOOD, [{ path: "f", data: randomBytes(3_000_000) }]]);
    const blob = join(made.layout, "blobs/sha256", made.image.layers[1]?.digest.slice(7) ?? "");
    const bytes = readFileSync(blob);
    bytes.fill(0, 1000, 2000);
    writeFileSync(blob, bytes);
    const archive = scratch("damaged.tar");
    runOk("tar", ["-cf", archive, "-C", made.layout, "."]);
    const source = `oci-archive:${archive}`;
    const failed = await failure(made.layout, { source });
    expect(failed.code).toBe("E_DIGEST_MISMATCH");
    expect(failed).toEqual(await failure(made.layout, { source, workers: 0 }));
  });

  test("of a path that the tree refuses", async () => {
    const { code, message } = await failure(imageOf([GOOD, [{ path: "../escape" }]]).layout);
    expect(code).toBe("E_BAD_LAYER");
    expect(message).toMatch(
      /^layer 2 \(sha256:[\da-f]{12}…\): the path '\.\.\/escape' leaves the image's root$/,
    );
  });

  test("of a refused path in a damaged blob: the blob is to blame", async () => {
    // The path comes early in the layer, the damage at its end.
    const made = imageOf([GOOD, [{ path: "../escape" }, { path: "f", data: randomBytes(4_000_000) }]]);
    const blob = join(made.layout, "blobs/sha256", made.image.layers[1]?.digest.slice(7) ?? "");
    const bytes = readFileSync(blob);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(blob, bytes);
    const { code, cause } = await failure(made.layout);
    expect(code).toBe("E_DIGEST_MISMATCH");
    expect(cause).toBeDefined();
  });

  test("of a link to nothing, found when the layers are laid together", async () => {
    const { message } = await failure(
      imageOf([GOOD, [{ path: "l", type: "hardlink", linkname: "nowhere" }]]).layout,
    );
    expect(message).toContain("'l' is a hard link to 'nowhere'");
  });

  test("of the caller's signal", async () => {
    const { layout } = imageOf([[{ path: "f", data: randomBytes(8_000_000) }]]);
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = ({ type }: ProgressEvent): void => void (type === "layer" && controller.abort());
    expect((await failure(layout, { signal, onProgress })).code).toBe("E_INTERRUPTED");
  });

  describe("whichever of a layer's faults comes first:", () => {
    const whole = tar([{ path: "f", data: randomBytes(6_000_000) }]);
    const escaping = tar([
      { path: "a", data: "a" },
      { path: "../escape" },
      { path: "f", data: randomBytes(6_000_000) },
    ]);
    const diffIds = [`sha256:${"0".repeat(64)}`];
    const damaged = (bytes: Uint8Array): Uint8Array => {
      const stored = gzipSync(bytes);
      return stored.fill(0, stored.length - 2_000_000, stored.length - 1_000_000);
    };
    const cases: readonly [string, LayoutImage][] = [
      ["a wrong diff_id", { layers: [whole], diffIds }],
      ["a tar cut short, a wrong diff_id", { layers: [whole.subarray(0, 3_000_000)], diffIds }],
      ["a small tar cut short, a wrong diff_id", { layers: [escaping.subarray(0, 700)], diffIds }],
      ["a refused path, a wrong diff_id", { layers: [escaping], diffIds }],
      ["a refused path, damaged gzip data", { layers: [escaping], store: damaged }],
      ["gzip data cut short", { layers: [whole], store: (bytes) => gzipSync(bytes).subarray(0, 3_000_000) }],
    ];
    for (const [name, image] of cases) {
      test(name, async () => {
        const layout = scratch(`image${images++}`);
        buildLayout(layout, image);
        const alone = await failure(layout, { workers: 0 });
        for (const workers of [1, 2]) expect(await failure(layout, { workers })).toEqual(alone);
      });
    }
  });

  testWith(["loop mount"], "of a full disk", async () => {
    const { layout } = imageOf([[{ path: "f", data: randomBytes(12_000_000) }], GOOD]);
    const disk = scratch("disk");
    mkdirSync(disk);
    runOk("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
    try {
      const { code, hint } = await failure(layout, { out: join(disk, "out") });
      expect(code).toBe("E_NO_SPACE");
      expect(hint).toContain("put the output elsewhere");
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      runOk("umount", [disk]);
    }
  });
});

test("warnings come through, each with its layer", async () => {
  const { layout } = imageOf([
    [{ path: "s", type: "symlink", linkname: "t", pax: { "SCHILY.xattr.user.a": "b" } }],
    GOOD,
  ]);
  const { warnings, rootfsPath } = await convert({
    source: `oci:${layout}`,
    platform: "linux/amd64",
    out: scratch("out"),
    workers: 2,
  });
  expectCleanIfChecked(rootfsPath);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^layer 1 \(sha256:[\da-f]{12}…\): .*user\.a.*left out/);
});

describe("threads begin where layers are worth it:", () => {
  const MIB = 1 << 20;
  const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
  const ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd";
  const none = { layers: 0, bytes: 0 };
  const digest = parseDigest(`sha256:${"0".repeat(64)}`, "test");

  function blob(mediaType: string, mib: number): LayerBlob {
    const open = (): never => {
      throw new Error("it is not read");
    };
    return { index: 0, digest, diffId: digest, size: mib * MIB, mediaType, checked: false, open };
  }

  async function begins(
    blobs: readonly LayerBlob[],
    kept = none,
    inflate: InflateChoice = "auto",
    workers?: number,
  ): Promise<boolean> {
    const reader = await layerReader({ blobs, kept, isKeeping: false }, { inflate, workers });
    await reader.close();
    return reader.pieces !== undefined;
  }

  const several = availableParallelism() > 1;
  const [less, more] = availableParallelism() > 2 ? [63, 64] : [191, 192];

  test("gzip that the runtime's own threads inflate, where there is much of it", async () => {
    expect(await begins([blob(GZIP, 8), blob(GZIP, less - 8)])).toBe(false);
    expect(await begins([blob(GZIP, 8), blob(GZIP, more - 8)])).toBe(several);
  });

  test("anything else sooner", async () => {
    expect(await begins([blob(ZSTD, 15)])).toBe(false);
    expect(await begins([blob(ZSTD, 16)])).toBe(several);
    expect(await begins([blob(GZIP, 15), blob(ZSTD, 1)])).toBe(several);
    expect(await begins([blob(GZIP, 15)], none, "fflate")).toBe(false);
    expect(await begins([blob(GZIP, 16)], none, "fflate")).toBe(several);
  });

  test("and for what is kept of layers, which is read in them", async () => {
    const kept = { layers: 1, bytes: 160 * MIB };
    expect(await begins([blob(GZIP, 1)], kept)).toBe(false);
    expect(await begins([blob(GZIP, 6)], kept)).toBe(several);
  });

  test("or as many as are asked for", async () => {
    expect(await begins([blob(GZIP, 1)], none, "auto", 1)).toBe(true);
    expect(await begins([blob(GZIP, 300)], none, "auto", 0)).toBe(false);
  });
});
