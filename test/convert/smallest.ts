/** The smallest size of an image, held against what mke2fs needs for the same tree. */
import { expect } from "bun:test";
import { rmSync } from "node:fs";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemMetadata } from "../../src/convert/meta.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { differences, kernelView } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, runOk } from "../support/oracles.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const LONGEST_ROW = 4 << 20;
/** How much larger than mke2fs's least ours may be. */
const TOLERANCE = 1.02;

const size = fc.oneof(
  { weight: 3, arbitrary: fc.nat(9000) },
  { weight: 2, arbitrary: fc.nat(200_000) },
  { weight: 1, arbitrary: fc.nat(LONGEST_ROW) },
);
/** Few names, so that upper layers replace and remove what lower ones have. */
const path = fc.oneof(
  fc.nat(15).map((n) => `f${n}`),
  fc.nat(40).map((n) => `d${n % 4}/f${n}`),
);
const item: fc.Arbitrary<TarItem> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ path, size, seed: fc.nat(250), holes: fc.boolean() })
      .map(({ path, size, seed, holes }) => ({ path, data: fileBytes(size, seed, holes) })),
  },
  { weight: 2, arbitrary: path.map((of) => ({ path: of.replace(/f\d+$/, ".wh.$&") })) },
  { weight: 1, arbitrary: fc.constant({ path: "d1/.wh..wh..opq" }) },
  { weight: 1, arbitrary: path.map((of) => ({ path: `${of}-link`, type: "symlink", linkname: of })) },
);

/** Layers that share the image in turns, and of which much is gone in the end. */
export const randomLayers: fc.Arbitrary<readonly TarItem[][]> = fc.array(fc.array(item, { maxLength: 12 }), {
  minLength: 1,
  maxLength: 10,
});

/** Bytes without a block of zeros, or with some. */
export function fileBytes(length: number, seed: number, holes = false): Uint8Array {
  const bytes = new Uint8Array(length).fill(1 + seed);
  for (let at = 0; at < length; at += 4096) bytes[at] = at >> 12;
  if (holes) bytes.fill(0, length >> 2, length >> 1);
  return bytes;
}

/**
 * Converts the layers at the smallest size and at the usual one, in the folder `scratch`: the kernel must show the same
 * in both, no file that fits a row may lie in pieces in the usual one, and mke2fs must not do with a size 2 % below.
 */
export async function checkSmallest(
  layers: readonly (readonly TarItem[])[],
  scratch: string,
  options: FilesystemSettings = {},
): Promise<void> {
  const layout = `${scratch}/image`;
  rmSync(layout, { recursive: true, force: true });
  buildLayout(layout, { layers: layers.map((items) => tar(items)), compress: "none" });
  await checkSmallestOf(`oci:${layout}`, scratch, options);
}

/** The same for any image. */
export async function checkSmallestOf(
  source: string,
  scratch: string,
  options: FilesystemSettings = {},
): Promise<void> {
  const converted = async (name: string, more: FilesystemSettings) => {
    const [out, filesystem] = [`${scratch}/${name}`, { ...options, ...more }];
    return convert({ source, platform: "linux/amd64", out, force: true, filesystem });
  };
  const usual = await converted("usual", {});
  const smallest = await converted("smallest", { size: "min" });
  const { filesystem } = smallest.metadata;
  const { type } = filesystem;
  if (type === "xfs") throw new Error("mke2fs makes no xfs to hold this against");
  for (const { rootfsPath } of [usual, smallest]) expectSilentCheck(rootfsPath);
  // Elsewhere e2fsck counts the pointer blocks between a file's own as pieces.
  if (type === "ext4") expect(filesInPieces(usual.rootfsPath)).toEqual([]);
  withMount(
    usual.rootfsPath,
    "ro",
    (expected) =>
      withMount(
        smallest.rootfsPath,
        "ro",
        (actual) => {
          expect(differences(kernelView(expected), kernelView(actual))).toEqual([]);
          const blocks = Math.floor((filesystem.blocks - 1) / TOLERANCE);
          expect(mke2fsFits(actual, blocks, filesystem, smallest.rootfsPath, `${scratch}/mke2fs`)).toBe(
            false,
          );
          expect(
            mke2fsFits(
              actual,
              filesystem.blocks * 2 + 4096,
              filesystem,
              smallest.rootfsPath,
              `${scratch}/mke2fs`,
            ),
          ).toBe(true);
        },
        type,
      ),
    type,
  );
}

/** Inodes of the files that could lie in one row and do not. */
export function filesInPieces(image: string): string[] {
  const said = runOk("e2fsck", ["-fn", "-E", "fragcheck", image]);
  const inodes = new Set(
    [...said.matchAll(/^\s*(\d+)\(f\): expecting/gm)]
      .map((match) => match[1] ?? "")
      .filter((inode) => inode !== "8"),
  );
  return [...inodes].filter((inode) => {
    const bytes = /Size: (\d+)/.exec(runOk("debugfs", ["-R", `stat <${inode}>`, image]))?.[1];
    return Number(bytes) <= LONGEST_ROW;
  });
}

/** Whether mke2fs has room for the folder in so many blocks, with the inodes, journal and features of our image. */
function mke2fsFits(
  folder: string,
  blocks: number,
  { type, inodes }: FilesystemMetadata,
  ours: string,
  path: string,
): boolean {
  rmSync(path, { force: true });
  const features = "^resize_inode,^orphan_file,^metadata_csum_seed";
  const journal = /^Total journal size:\s+(\d+)([kM])/m.exec(runOk("dumpe2fs", ["-h", ours]));
  const journalMib = Number(journal?.[1] ?? 0) / (journal?.[2] === "k" ? 1024 : 1);
  const { status, stderr } = run("mke2fs", [
    ...["-q", "-F", "-t", type, "-b", "4096", "-I", "256", "-m", "0", "-N", `${inodes}`],
    ...["-O", journal === null ? `${features},^has_journal` : features],
    ...(journal === null ? [] : ["-J", `size=${journalMib}`]),
    ...["-d", folder, path, `${blocks}`],
  ]);
  if (status !== 0) expect(stderr).toMatch(/Could not allocate|No space|too small|too big|not enough space/i);
  // That is all it says where it leaves the journal out.
  return status === 0 && !stderr.includes("too small for a journal");
}
