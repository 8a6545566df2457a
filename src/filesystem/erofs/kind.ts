import { Docker2vmError } from "../../errors.ts";
import type { FilesystemKind, FilesystemOptions, FilesystemWriter } from "../kind/kind.ts";
import { VOLUME_NAME_SIZE } from "./format/superblock.ts";

/**
 * Read-only by nature, and complete: no free space, no log, no spare inodes. A file whose last bytes lie behind its inode
 * cannot be mapped into a guest's memory as it is (DAX): ext4 can.
 */
export const EROFS: FilesystemKind = {
  name: "erofs",
  labelBytes: VOLUME_NAME_SIZE - 1,
  latestTime: Number.MAX_SAFE_INTEGER,
  settle: (options) => {
    checkOptions(options);
    return WRITER;
  },
};

const WRITER: FilesystemWriter = {
  name: "erofs",
  fileName: "rootfs.erofs",
  sizing: { kind: "min" },
  fixedBlocks: undefined,
  options: {},
  facts: { fs: "erofs" },
  plannedBlocks: () => null,
  prepare: async () => {
    // Loaded only here: most conversions make ext4.
    const { prepareErofs } = await import("./write/prepare.ts");
    return prepareErofs();
  },
};

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
