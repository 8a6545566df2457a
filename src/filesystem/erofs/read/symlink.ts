import { unpaused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { broken } from "./broken.ts";
import { readContents } from "./contents.ts";
import type { ErofsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

/** PATH_MAX with its NUL: no kernel follows more. */
const LONGEST_TARGET = 4095;

/** The target, one character a byte. Throws E_INVALID_FILESYSTEM if it is broken. */
export function readSymlink(volume: Volume, inode: ErofsInode): string {
  const { size, number } = inode;
  const target = new Uint8Array(size <= LONGEST_TARGET ? size : 0);
  if (target.length > 0) {
    for (const { offset, bytes } of unpaused(readContents(volume, inode))) target.set(bytes, offset);
  }
  // The kernel takes the target up to the first zero.
  if (target.length === 0 || target.includes(0)) {
    throw broken(inodeName(number), "its size is not that of the symbolic link's target");
  }
  return Buffer.from(target).toString("latin1");
}
