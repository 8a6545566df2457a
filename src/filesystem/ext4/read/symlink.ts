import { inodeName } from "../../reading/filesystem.ts";
import { I_BLOCK_SIZE } from "../format/inode.ts";
import { broken } from "./broken.ts";
import { inlineContents, refuseEncrypted } from "./contents.ts";
import { type FileInode, hasFlag } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import type { Volume } from "./volume.ts";
import { xattrBlock } from "./xattr-entries.ts";

const SECTOR = 512;

/** Whether the target is in i_block: no block but perhaps one of attributes (ext4_inode_is_fast_symlink). */
export function isFastSymlink(volume: Volume, inode: FileInode): boolean {
  if (hasFlag(inode, "inline")) return false;
  if (volume.has("ea_inode"))
    return inode.size > 0 && inode.size < I_BLOCK_SIZE && !hasFlag(inode, "extents");
  const { blockSize, blocksPerCluster } = volume.superblock;
  const attributes = xattrBlock(volume, inode) === 0 ? 0 : blockSize * blocksPerCluster;
  return inode.fields.i_blocks_lo * SECTOR === attributes;
}

/** The target, one character a byte. Throws E_UNSUPPORTED if it is encrypted, E_INVALID_FILESYSTEM if it is broken. */
export function readSymlink(volume: Volume, inode: FileInode): string {
  refuseEncrypted(inode);
  const where = inodeName(inode.number);
  const room = roomForTarget(volume, inode, where);
  const target = room.subarray(0, inode.size);
  // The kernel takes the target up to the first zero.
  if (target.length < inode.size || target.length === 0 || target.includes(0)) {
    throw broken(where, "its size is not that of the symbolic link's target");
  }
  return Buffer.from(target).toString("latin1");
}

/** Whether a zero follows the target where there is room for one, as e2fsck asks for. */
export function symlinkIsTerminated(volume: Volume, inode: FileInode): boolean {
  const room = roomForTarget(volume, inode, inodeName(inode.number));
  return (room[inode.size] ?? 0) === 0;
}

/** The bytes that begin with the target. */
function roomForTarget(volume: Volume, inode: FileInode, where: string): Uint8Array {
  if (hasFlag(inode, "inline")) return inlineContents(inode);
  if (isFastSymlink(volume, inode)) return inode.fields.i_block;
  const [run] = mappedRuns(volume, inode, { end: 1 });
  if (run !== undefined && !run.unwritten) return volume.block(run.physical, where);
  throw broken(where, "the symbolic link has no block for its target");
}
