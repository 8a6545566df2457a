import { BLOCK_SIZE } from "../../blocks/blocks.ts";
import { Docker2vmError } from "../../errors.ts";
import type { FilesystemKind, FilesystemOptions, FilesystemWriter } from "../kind/kind.ts";
import type { Packing } from "../kind/packing.ts";
import { Z_EROFS_PCLUSTER_MAX_SIZE } from "./format/compression.ts";
import { VOLUME_NAME_SIZE } from "./format/superblock.ts";
import { FAST_LEVEL, HIGHEST_LEVEL } from "./lz4/levels.ts";

/** A guest reads and decompresses so much for the first byte of it. */
const DEFAULT_CLUSTER = 64 << 10;

const FILE_NAME = "rootfs.erofs";

/**
 * Read-only by nature, and complete: no free space, no log, no spare inodes. A file whose last bytes lie behind its inode
 * cannot be mapped into a guest's memory as it is (DAX): ext4 can.
 */
export const EROFS: FilesystemKind = {
  name: "erofs",
  fileName: FILE_NAME,
  labelBytes: VOLUME_NAME_SIZE - 1,
  latestTime: Number.MAX_SAFE_INTEGER,
  settle: (options) => {
    checkOptions(options);
    return writerOf(packingOf(options));
  },
};

function writerOf(packing: Packing | undefined): FilesystemWriter {
  return {
    name: "erofs",
    fileName: FILE_NAME,
    sizing: { kind: "min" },
    fixedBlocks: undefined,
    options: packing === undefined ? {} : { compress: nameOf(packing), clusterSize: clusterBytes(packing) },
    facts: {
      fs: "erofs",
      compress: packing === undefined ? undefined : nameOf(packing),
      cluster: packing === undefined ? undefined : clusterBytes(packing),
    },
    packing,
    plannedBlocks: () => null,
    prepare: async () => {
      // Loaded only here: most conversions make ext4.
      const { prepareErofs } = await import("./write/prepare.ts");
      return prepareErofs(packing);
    },
  };
}

function nameOf({ algorithm, level }: Packing): string {
  return `${algorithm}:${level}`;
}

function clusterBytes({ clusterBlocks }: Packing): number {
  return clusterBlocks * BLOCK_SIZE;
}

/** Throws E_USAGE for what EROFS has not. */
function checkOptions({
  size = "auto",
  free,
  inodes,
  journal = "auto",
  lostAndFound,
}: FilesystemOptions): void {
  if (size !== "auto")
    throw notThere("a size of its own", "it is as large as what it holds: leave --size out");
  if (free !== undefined) throw notThere("free space", "nothing is ever added to it: leave --free out");
  if (inodes !== undefined) throw notThere("a number of inodes", "it has those in use: leave --inodes out");
  if (journal !== "auto") throw notThere("a journal", "nothing ever changes in it: leave --journal out");
  if (lostAndFound !== undefined) {
    throw notThere("a lost+found", "nothing is ever rescued into it: leave --no-lost-found out");
  }
}

function notThere(what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `EROFS has not ${what}`, { hint });
}

/** Throws E_USAGE for what is no compression. */
function packingOf({ compress = "none", clusterSize }: FilesystemOptions): Packing | undefined {
  const level = compress === "none" ? undefined : levelOf(compress);
  if (level === undefined) {
    if (clusterSize === undefined) return undefined;
    throw new Docker2vmError("E_USAGE", "only what is compressed has clusters", {
      hint: "add --compress lz4, or leave --cluster-size out",
    });
  }
  const bytes = clusterSize ?? DEFAULT_CLUSTER;
  const isWhole = Number.isSafeInteger(bytes) && bytes % BLOCK_SIZE === 0;
  if (!isWhole || bytes < BLOCK_SIZE || bytes > Z_EROFS_PCLUSTER_MAX_SIZE) {
    throw new Docker2vmError("E_USAGE", `a cluster cannot have ${bytes} bytes`, {
      hint: `give a multiple of ${BLOCK_SIZE}, at most ${Z_EROFS_PCLUSTER_MAX_SIZE}, as 64K`,
    });
  }
  return { algorithm: "lz4", level, clusterBlocks: bytes / BLOCK_SIZE };
}

function levelOf(compress: string): number {
  const [, digits] = /^lz4(?::(\d+))?$/.exec(compress) ?? [undefined, ""];
  const level = digits === undefined ? FAST_LEVEL : digits === "" ? 0 : Number(digits);
  if (level >= FAST_LEVEL && level <= HIGHEST_LEVEL) return level;
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(compress)} is no compression of EROFS here`, {
    hint: `give none, lz4, or lz4:${FAST_LEVEL} (fast) to lz4:${HIGHEST_LEVEL} (small)`,
  });
}
