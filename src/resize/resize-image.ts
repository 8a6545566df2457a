/** An image's filesystem made larger in its place, for programs and the command alike. */
import { type BigIntStats, statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Docker2vmError } from "../errors.ts";
import type { FeatureName } from "../filesystem/ext4/read/features.ts";
import type { Superblock } from "../filesystem/ext4/read/superblock.ts";
import { Volume } from "../filesystem/ext4/read/volume.ts";
import { type Growth, planGrowth } from "../filesystem/ext4/resize/grow.ts";
import { readerOf } from "../filesystem/open.ts";
import { inFile } from "../filesystem/reading/broken.ts";
import { ImageFile, type ImageReader } from "../filesystem/reading/image.ts";
import { given } from "../given.ts";
import { inTurns } from "../waiting/steps.ts";
import { apply, settle } from "./apply.ts";
import { claim } from "./claim.ts";
import { ImageDisk, type ResizeDisk } from "./image-disk.ts";
import { userOf } from "./in-use.ts";
import { refuseTail } from "./tail.ts";

/** How an image is made larger. */
export interface ResizeOptions {
  /** Bytes that the filesystem is to have: whole blocks of it. */
  readonly size: number;
  /** Say what would be, and change nothing; false if absent. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How large a filesystem is; sizes are bytes. */
export interface FilesystemExtent {
  /** Bytes of the whole. */
  readonly size: number;
  /** Bytes of its free blocks. */
  readonly free: number;
  readonly blocks: number;
  readonly groups: number;
  readonly inodes: number;
  readonly freeInodes: number;
}

/** What has become of an image. */
export interface ResizeResult {
  /** Whether anything is, or would be, another than before. */
  readonly changed: boolean;
  readonly before: FilesystemExtent;
  /** A last group that would be too short for its own tables is left out, so it may be less than was asked for. */
  readonly after: FilesystemExtent;
  /** Features that came and went, by the names that dumpe2fs has for them. */
  readonly featuresAdded: readonly FeatureName[];
  readonly featuresRemoved: readonly FeatureName[];
}

/**
 * Makes the ext4, ext3 or ext2 filesystem in the file at `path` one of `size` bytes, and the file as long, in its place;
 * contents are not copied. It must not be mounted or in a machine meanwhile. Killed at any moment, the old filesystem or
 * the new one is there once this has been called again. What is there already is no error.
 *
 * Throws E_SIZE_TOO_SMALL for less than there is, E_NEEDS_RECOVERY if a journal holds changes, E_UNSUPPORTED for EROFS,
 * XFS and features with which a filesystem is not grown here, E_FILESYSTEM_LIMIT, E_INVALID_FILESYSTEM, E_IMAGE_NOT_FOUND,
 * E_OUTPUT_EXISTS if another process is at it, E_USAGE, E_NO_SPACE, E_IO and the signal's reason; the filesystem is the
 * old one then.
 *
 * @example
 * ```ts
 * import { convert, resizeImage } from "docker2vm";
 *
 * const { rootfsPath } = await convert({ source: "oci:./alpine", platform: "linux/amd64", out: "./grown", force: true });
 * const { before, after } = await resizeImage(rootfsPath, { size: 20 * 2 ** 30 });
 * console.log(before.free, after.free);
 * ```
 */
export async function resizeImage(path: string, options: ResizeOptions): Promise<ResizeResult> {
  given({ path }, { path: "text" });
  const { size, dryRun = false, signal } = given(options, {}, { signal: "signal" });
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw new Docker2vmError("E_USAGE", `a filesystem of ${size} bytes is not possible`, {
      hint: "give a whole number of bytes",
    });
  }
  // For what it throws of a path that is no image's, by the name that it was given.
  new ImageFile(path).close();
  const place = await realpath(path).catch(() => path);
  try {
    return dryRun ? await plan(place, size, signal) : await resize(place, size, signal);
  } catch (error) {
    throw inFile(path, error);
  }
}

async function plan(path: string, size: number, signal: AbortSignal | undefined): Promise<ResizeResult> {
  const image = new ImageFile(path);
  try {
    const { volume, growth } = await growthOf(image, size, signal);
    return resultOf(volume.superblock, growth);
  } finally {
    image.close();
  }
}

async function resize(path: string, size: number, signal: AbortSignal | undefined): Promise<ResizeResult> {
  const release = await claim(dirname(path), basename(path));
  try {
    const disk = await ImageDisk.open(path);
    try {
      refuseInUse(path, statSync(path, { bigint: true }));
      return await resizeOn(disk, size, signal);
    } finally {
      await disk.close();
    }
  } finally {
    await release();
  }
}

/** As resizeImage, on a disk that nobody else has. */
export async function resizeOn(
  disk: ResizeDisk,
  size: number,
  signal: AbortSignal | undefined,
): Promise<ResizeResult> {
  await settle(disk, signal);
  const { volume, growth } = await disk.reading((image) => growthOf(image, size, signal));
  if (growth !== undefined) await apply(growth, disk, signal);
  return resultOf(volume.superblock, growth);
}

function refuseInUse(path: string, stats: BigIntStats): void {
  const user = userOf(path, stats);
  if (user === undefined) return;
  throw new Docker2vmError("E_IO", `${path} is in use: ${user}`, {
    hint: "unmount it, or end the machine that has it, first",
  });
}

async function growthOf(
  image: ImageReader,
  size: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly volume: Volume; readonly growth: Growth | undefined }> {
  await refuseOtherKinds(image, size, signal);
  const volume = new Volume(image);
  const { blockSize, blocks } = volume.superblock;
  const end = blocks * blockSize;
  if (size < end) {
    throw new Docker2vmError("E_SIZE_TOO_SMALL", `the filesystem has ${end} bytes, and is not made smaller`, {
      hint: "'docker2vm convert image:FILE --size SIZE' makes it anew in another size",
    });
  }
  if (size % blockSize !== 0) {
    const whole = Math.ceil(size / blockSize) * blockSize;
    throw new Docker2vmError("E_USAGE", `${size} bytes are no whole blocks of ${blockSize} bytes`, {
      hint: `ask for ${whole}`,
    });
  }
  const growth = await inTurns(planGrowth(volume, size / blockSize), signal);
  if (growth !== undefined) await inTurns(refuseTail(image, end), signal);
  return { volume, growth };
}

/** What keeps other kinds from being grown in their place, and what helps. */
const OTHER_KINDS: Readonly<Record<string, (size: number) => { what: string; hint: string }>> = {
  erofs: () => ({
    what: "an EROFS is never written to: it has no free space, and needs none",
    hint: "'docker2vm convert image:FILE --fs ext4 --size SIZE' makes one of another kind of its files",
  }),
  xfs: (size) => ({
    what: "an XFS grows while it is mounted, and only then",
    hint: `'truncate -s ${size}' makes the file longer; then xfs_growfs in the machine that has it as its disk grows it`,
  }),
};

async function refuseOtherKinds(
  image: ImageReader,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const reader = await readerOf(image);
  const { facts } = await inTurns(reader.open(image, { ignoreJournal: true }), signal);
  const other = OTHER_KINDS[facts().type]?.(size);
  if (other !== undefined) throw new Docker2vmError("E_UNSUPPORTED", other.what, { hint: other.hint });
}

function resultOf(superblock: Superblock, growth: Growth | undefined): ResizeResult {
  const before = growth?.before ?? superblock;
  const after = growth?.after ?? superblock;
  const onlyIn = (one: Superblock, other: Superblock) =>
    [...one.features].filter((name) => !other.features.has(name));
  return {
    changed: growth !== undefined,
    before: extentOf(before),
    after: extentOf(after),
    featuresAdded: onlyIn(after, before),
    featuresRemoved: onlyIn(before, after),
  };
}

function extentOf({ blocks, blockSize, freeBlocks, groups, fields }: Superblock): FilesystemExtent {
  return {
    size: blocks * blockSize,
    free: freeBlocks * blockSize,
    blocks,
    groups,
    inodes: fields.s_inodes_count,
    freeInodes: fields.s_free_inodes_count,
  };
}
