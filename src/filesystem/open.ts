/** Opens whatever filesystem an image holds as what it is. */

import { viewOf } from "../blocks/field.ts";
import * as erofs from "./erofs/format/superblock.ts";
import type { ErofsFacts } from "./erofs/read/inspect.ts";
import * as ext4 from "./ext4/format/superblock.ts";
import type { Ext4Facts } from "./ext4/read/inspect.ts";
import { noFilesystem } from "./reading/broken.ts";
import { Findings } from "./reading/findings.ts";
import type { ImageReader } from "./reading/image.ts";
import type { FilesystemReader } from "./reading/reader.ts";
import * as xfs from "./xfs/format/superblock.ts";
import type { XfsFacts } from "./xfs/read/inspect.ts";

/** What only one kind says of itself can be told by `type`. */
export type AnyFacts = Ext4Facts | ErofsFacts | XfsFacts;
export type { ErofsFacts, Ext4Facts, XfsFacts };

/** A kind of filesystem, by what only its superblocks have. */
interface Kind {
  /** Whether the first bytes of an image are those of one. */
  isIn(head: DataView): boolean;
  /** Loads the code that reads it. */
  load(): Promise<FilesystemReader<AnyFacts>>;
}

/** The longer magic numbers first: where the others stand, one of those may have anything. */
const KINDS: readonly Kind[] = [
  {
    isIn: (head) => xfs.SUPERBLOCK.sb_magicnum.get(head, 0) === xfs.XFS_SB_MAGIC,
    load: async () => (await import("./xfs/read/reader.ts")).XFS_READER,
  },
  {
    isIn: (head) => erofs.SUPERBLOCK.magic.get(head, erofs.SUPERBLOCK_OFFSET) === erofs.EROFS_SUPER_MAGIC_V1,
    load: async () => (await import("./erofs/read/reader.ts")).EROFS_READER,
  },
  {
    isIn: (head) => ext4.SUPERBLOCK.s_magic.get(head, ext4.SUPERBLOCK_OFFSET) === ext4.EXT4_SUPER_MAGIC,
    load: async () => (await import("./ext4/read/reader.ts")).EXT4_READER,
  },
];

/** All superblocks end here. */
const HEAD_SIZE = ext4.SUPERBLOCK_OFFSET + ext4.SUPERBLOCK_SIZE;

/** Whether the image begins as a filesystem does that is known here. */
export function holdsFilesystem(image: ImageReader): boolean {
  return kindIn(headOf(image)) !== undefined;
}

/** What reads the filesystem in the image. Of an image without one it says so, when it is opened or verified. */
export async function readerOf(image: ImageReader): Promise<FilesystemReader<AnyFacts>> {
  const bytes = headOf(image);
  const kind = kindIn(bytes);
  if (kind !== undefined) return await kind.load();
  return noReader(
    bytes.length < HEAD_SIZE
      ? "the image is too short to hold one"
      : "the image holds no ext2, ext3, ext4, XFS or EROFS filesystem (no magic number of theirs is there)",
  );
}

function headOf(image: ImageReader): Uint8Array {
  return image.read(0, HEAD_SIZE);
}

function kindIn(bytes: Uint8Array): Kind | undefined {
  const head = new Uint8Array(HEAD_SIZE);
  head.set(bytes);
  return KINDS.find(({ isIn }) => isIn(viewOf(head)));
}

function noReader(why: string): FilesystemReader<never> {
  const missing = () => noFilesystem("superblock", why);
  return {
    // biome-ignore lint/correctness/useYield: nothing is opened
    *open() {
      throw missing();
    },
    *verify() {
      const findings = new Findings();
      findings.attempt(() => {
        throw missing();
      });
      return { findings: findings.list, more: 0, inodes: 0, directories: 0 };
    },
    remedies: {
      faults: "nothing can be mended",
      noSuperblock: "e2fsck or xfs_repair may find a copy of its superblock",
    },
  };
}
