import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_SIZE } from "../../src/blocks/blocks.ts";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { checkConversion } from "../../src/convert/request.ts";
import { streamLayers } from "../../src/convert/stream-layers.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { ImageWriter } from "../../src/output/image-writer.ts";
import { openSource } from "../../src/source/open.ts";
import type { LayerBlob } from "../../src/source/source.ts";
import { finished } from "../../src/waiting/steps.ts";
import { IDENTITY } from "../filesystem/erofs/write/images.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const UUID = "11111111-2222-4333-8444-555555555555";
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function rootfs(
  source: ConvertOptions["source"],
  options: Partial<ConvertOptions> = {},
): Promise<string> {
  const out = scratch("out");
  const { rootfsPath } = await convert({ source, platform: "linux/amd64", out, force: true, ...options });
  expectCleanIfChecked(rootfsPath);
  return sha256(rootfsPath);
}

/** Six layers, uneven enough that they end at different times and share the image in several rounds. */
function unevenLayers(): Uint8Array[] {
  const sizes = [3_000_000, 10, 900_000, 2_000_000, 0, 4_500_000];
  return sizes.map((size, layer) => {
    const big: TarItem = { path: `big${layer}`, data: bytesOf(size, layer) };
    const small = Array.from(
      { length: 40 },
      (_, n): TarItem => ({ path: `d/f${(n * 7) % 60}`, data: bytesOf(n * 100, n) }),
    );
    return tar([big, ...small, { path: `d/.wh.f${layer}` }]);
  });
}

function bytesOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed + 1;
  for (let i = 0; i < size; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

describe("the same image and options give the same bytes", () => {
  for (const type of ["ext4", "erofs"] as const) {
    test(`twice, as ${type}`, async () => {
      buildLayout(scratch("image"), { layers: unevenLayers() });
      const source = `oci:${scratch("image")}`;
      const options = { filesystem: { type } };
      expect(await rootfs(source, options)).toBe(await rootfs(source, options));
    });
  }

  test("whoever inflates", async () => {
    for (const compress of ["gzip", "zstd"] as const) {
      buildLayout(scratch(compress), { layers: unevenLayers(), compress });
      const source = `oci:${scratch(compress)}`;
      expect(await rootfs(source, { inflate: "fflate" })).toBe(await rootfs(source, { inflate: "native" }));
    }
  });

  test("however the layers are stored", async () => {
    const made: string[] = [];
    for (const compress of ["gzip", "zstd", "none"] as const) {
      buildLayout(scratch(`stored-${compress}`), { layers: unevenLayers(), compress });
      made.push(await rootfs(`oci:${scratch(`stored-${compress}`)}`, { filesystem: { uuid: UUID } }));
    }
    expect(new Set(made).size).toBe(1);
  });

  testWith(["skopeo"], "from layout, OCI archive, docker-archive and a stream", async () => {
    const layout = scratch("to-copy");
    buildLayout(layout, { layers: unevenLayers(), tag: "latest", created: "2024-05-06T07:08:09Z" });
    runOk("skopeo", ["copy", "-q", `oci:${layout}:latest`, `oci-archive:${scratch("image.oci.tar")}`]);
    runOk("skopeo", [
      "copy",
      "-q",
      `oci:${layout}:latest`,
      `docker-archive:${scratch("image.tar")}:image:latest`,
    ]);
    for (const type of ["ext4", "erofs"] as const) {
      const options = { filesystem: { type, uuid: UUID } };
      const wanted = await rootfs(`oci:${layout}`, options);
      expect(await rootfs(`oci-archive:${scratch("image.oci.tar")}`, options)).toBe(wanted);
      expect(await rootfs(`docker-archive:${scratch("image.tar")}`, options)).toBe(wanted);
      const bytes = readFileSync(scratch("image.tar"));
      expect(await rootfs({ kind: "stream", bytes }, options)).toBe(wanted);
    }
  });

  test("in any time zone, on one core or all", async () => {
    buildLayout(scratch("anywhere"), { layers: unevenLayers() });
    const args = [
      MAIN,
      "convert",
      `oci:${scratch("anywhere")}`,
      "--platform",
      "linux/amd64",
      "--force",
      "--no-result-cache",
      ...["--layer-store", "off"],
    ];
    const digest = (folder: string, program: readonly string[], env: Record<string, string>): string => {
      const [name = "", ...rest] = [...program, process.execPath, ...args, "--out", scratch(folder)];
      runOk(name, rest, { env });
      return sha256(scratch(folder, "rootfs.ext4"));
    };
    const here = digest("here", [], { TZ: "UTC" });
    expect(digest("there", [], { TZ: "Pacific/Kiritimati" })).toBe(here);
    expect(digest("narrow", ["taskset", "-c", "0"], { UV_THREADPOOL_SIZE: "1" })).toBe(here);
  });

  for (const filesystem of [{ size: "auto" }, { size: "min" }, { type: "erofs" }] as const) {
    test(`by any number of threads, ${JSON.stringify(filesystem)}`, async () => {
      // At the smallest size contents move to where the removed files were.
      const layers = [...unevenLayers(), tar([{ path: ".wh.big0" }, { path: ".wh.big3" }])];
      buildLayout(scratch("threads"), { layers });
      const source = `oci:${scratch("threads")}`;
      const alone = await rootfs(source, { filesystem, workers: 0 });
      for (const workers of [1, 2, 3, 4]) {
        expect(await rootfs(source, { filesystem, workers })).toBe(alone);
      }
    });
  }

  test("whichever layers are slow, with threads and without", async () => {
    buildLayout(scratch("slow"), { layers: unevenLayers() });
    const source = await openSource(
      { kind: "oci-layout", path: scratch("slow") },
      { scratchFolder: scratch() },
    );
    const { layers } = await source.resolve({ os: "linux", architecture: "amd64" });
    type Type = "ext4" | "erofs";
    const contents = async (type: Type, delays: readonly number[], workers: number): Promise<string> => {
      const writer = new ImageWriter(new ImageFile(scratch("contents")));
      const request = checkConversion({ workers, filesystem: { type } });
      const slow = layers.map((blob, index) => slowed(blob, delays[index] ?? 0));
      const { root, contents: placed, filesystem } = await streamLayers(slow, writer, request);
      // How far the file reaches beyond its contents, until it is given its length, means nothing.
      await writer.settle();
      writer.image.truncate(placed.end * BLOCK_SIZE);
      await writer.close();
      const digest = sha256(scratch("contents"));
      rmSync(scratch("contents"));
      const plan = finished(filesystem.plan(root, placed, IDENTITY));
      const emitted = createHash("sha256");
      for (const { position, bytes } of plan.emit()) emitted.update(`${position}`).update(bytes);
      const { gathers, vacating, moves } = plan;
      return JSON.stringify([digest, placed.end, gathers, vacating, moves, emitted.digest("hex")]);
    };
    for (const type of ["ext4", "erofs"] as const) {
      const steady = await contents(type, [], 0);
      for (const workers of [0, 2]) {
        expect(await contents(type, [30, 0, 0, 0, 0, 0], workers)).toBe(steady);
        expect(await contents(type, [0, 0, 25, 5, 60, 0], workers)).toBe(steady);
      }
    }
    await source.close();
  });
});

describe("what may tell two filesystems apart does", () => {
  const metadataOf = async (image: string, options: Partial<ConvertOptions>) => {
    const out = scratch("out");
    const result = await convert({
      source: `oci:${scratch(image)}`,
      platform: "linux/amd64",
      out,
      force: true,
      ...options,
    });
    return result.metadata.filesystem.uuid;
  };

  /** What is warned of and the UUID, by a plan and by a conversion. */
  const both = async (image: string, more: Partial<ConvertOptions>) => {
    const warnings: string[] = [];
    const options: ConvertOptions = {
      ...{
        source: `oci:${scratch(image)}`,
        platform: "linux/amd64",
        out: scratch("out"),
        force: true,
        ...more,
      },
      onProgress: (event) => void (event.type === "warning" && warnings.push(event.message)),
    };
    const planned = await planConversion(options);
    const { metadata } = await convert(options);
    return { warnings, uuids: [planned.filesystem.uuid, metadata.filesystem.uuid] };
  };

  test("the UUID follows from the manifest and the options", async () => {
    buildLayout(scratch("a"), { layers: [tar([{ path: "a" }])] });
    buildLayout(scratch("b"), { layers: [tar([{ path: "b" }])] });
    const uuids = [
      await metadataOf("a", {}),
      await metadataOf("b", {}),
      await metadataOf("a", { filesystem: { label: "other" } }),
      await metadataOf("a", { filesystem: { size: 2 ** 28 } }),
      await metadataOf("a", { sourceDateEpoch: 1 }),
    ];
    expect(new Set(uuids).size).toBe(uuids.length);
    expect(uuids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(await metadataOf("a", { filesystem: { uuid: UUID } })).toBe(UUID);
  });

  test("the UUID is a hash of named facts, and of none that is as it is by default", async () => {
    const { manifest } = buildLayout(scratch("facts"), { layers: [tar([{ path: "a" }])] });
    const uuidOf = (...facts: readonly string[]): string => {
      const text = `docker2vm filesystem uuid 1\n${facts.join("\n")}`;
      const hash = createHash("sha256").update(text).digest("hex").slice(0, 32);
      const nibble = (at: number, and: number, or: number): string =>
        ((Number.parseInt(hash.charAt(at), 16) & and) | or).toString(16);
      const bits = `${hash.slice(0, 12)}8${hash.slice(13, 16)}${nibble(16, 3, 8)}${hash.slice(17)}`;
      return bits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    };
    const image = `image="${manifest.digest}"`;
    expect(await metadataOf("facts", {})).toBe(uuidOf(image));
    const asByDefault = {
      ...({ label: "rootfs", type: "ext4", size: "auto", journal: "auto" } as const),
      ...{ readOnly: false, lostAndFound: true, verity: false },
    };
    expect(await metadataOf("facts", { sourceDateEpoch: 0, filesystem: asByDefault })).toBe(uuidOf(image));
    const other = {
      ...({ label: "other\n", type: "ext3", free: 2 ** 20, inodes: 999 } as const),
      ...{ journal: 2 ** 23, lostAndFound: false, verity: true },
    };
    expect(await metadataOf("facts", { sourceDateEpoch: 5, filesystem: other })).toBe(
      uuidOf(
        ...["free=256", 'fs="ext3"', image, "inodes=999", "journal=2048", 'label="other\\n"'],
        ...["lostAndFound=false", "time=5", "verity=true"],
      ),
    );
    expect(await metadataOf("facts", { filesystem: { size: 2 ** 26 } })).toBe(uuidOf(image, "size=16384"));
    expect(await metadataOf("facts", { filesystem: { size: "min", readOnly: true } })).toBe(
      uuidOf(image, "readOnly=true", 'size="min"'),
    );
  });

  test("a time of the config without a zone, or none at all, counts as none, and is warned of", async () => {
    const said = 'is "2024-05-06T07:08:09", which is no time';
    buildLayout(scratch("zoneless"), { layers: [], created: "2024-05-06T07:08:09" });
    const { warnings, uuids } = await both("zoneless", {});
    expect(warnings).toEqual([expect.stringContaining(said), expect.stringContaining(said)]);
    expect(uuids[0]).toBe(uuids[1] as string);
    expect((await both("zoneless", { sourceDateEpoch: 0 })).warnings).toEqual([]);
    expect((await both("zoneless", { sourceDateEpoch: 0 })).uuids).toEqual(uuids);
    for (const [n, created] of ["2024-05-06t09:08:09.5+02:00", "0001-01-01T00:00:00Z", ""].entries()) {
      buildLayout(scratch(`sound${n}`), { layers: [], created });
      expect((await both(`sound${n}`, {})).warnings).toEqual([]);
    }
  });

  testWith(
    ["dumpe2fs"],
    "the filesystem's times are SOURCE_DATE_EPOCH, else the config's, else 1970",
    async () => {
      buildLayout(scratch("dated"), { layers: [], created: "2024-05-06T07:08:09.123456789Z" });
      buildLayout(scratch("undated"), { layers: [] });
      const created = async (
        image: string,
        options: Partial<ConvertOptions>,
      ): Promise<string | undefined> => {
        await metadataOf(image, options);
        return /Filesystem created:\s+(.*)/.exec(
          runOk("dumpe2fs", ["-h", scratch("out/rootfs.ext4")], { env: { TZ: "UTC" } }),
        )?.[1];
      };
      expect(await created("dated", {})).toBe("Mon May  6 07:08:09 2024");
      expect(await created("dated", { sourceDateEpoch: 86400 })).toBe("Fri Jan  2 00:00:00 1970");
      // dumpe2fs has no line for a time of 0.
      expect(await created("undated", {})).toBeUndefined();
    },
  );
});

/** The same layer, its chunks small and each `milliseconds` late. */
function slowed(blob: LayerBlob, milliseconds: number): LayerBlob {
  if (milliseconds === 0) return blob;
  return {
    ...blob,
    async *open(signal) {
      for await (const chunk of blob.open(signal)) {
        for (let at = 0; at < chunk.length; at += 100_000) {
          await Bun.sleep(milliseconds);
          yield chunk.subarray(at, at + 100_000);
        }
      }
    },
  };
}
