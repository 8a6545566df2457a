import { decode, viewOf } from "../../../blocks/field.ts";
import { unpaused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { SYMLINK_BLOCK, SYMLINK_HEADER, XFS_SYMLINK_MAGIC } from "../format/symlink.ts";
import { broken } from "./broken.ts";
import type { XfsInode } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import type { SelfDescription, Volume } from "./volume.ts";

/** XFS_SYMLINK_MAXLEN. */
const LONGEST_TARGET = 1024;
/** The longest target and a header, in the smallest blocks. */
const MOST_BLOCKS = 2;
const TARGET_BLOCK: SelfDescription = {
  magic: { field: SYMLINK_BLOCK.sl_magic, values: [XFS_SYMLINK_MAGIC] },
  crc: SYMLINK_BLOCK.sl_crc,
  owner: SYMLINK_BLOCK.sl_owner,
  blkno: SYMLINK_BLOCK.sl_blkno,
};

/** The target, one character a byte. Throws E_INVALID_FILESYSTEM if it is broken. */
export function readSymlink(volume: Volume, inode: XfsInode): string {
  const where = inodeName(inode.number);
  const { size, data } = inode;
  const isPossible = size > 0 && size <= LONGEST_TARGET;
  const target = !isPossible
    ? new Uint8Array()
    : data.format === "local"
      ? data.bytes.subarray(0, size)
      : remoteTarget(volume, inode);
  // The kernel takes the target up to the first zero.
  if (target.length < size || target.length === 0 || target.includes(0)) {
    throw broken(where, "its size is not that of the symbolic link's target");
  }
  return Buffer.from(target).toString("latin1");
}

/** A header and a part of the target for each run of blocks, however long that is. */
function remoteTarget(volume: Volume, inode: XfsInode): Uint8Array {
  const { number, size, data } = inode;
  const target = new Uint8Array(size);
  let done = 0;
  for (const { physical, length } of unpaused(mappedRuns(volume, inode, data))) {
    if (done === size) break;
    const where = `${inodeName(number)}, target block ${physical}`;
    if (length > MOST_BLOCKS) throw broken(where, `it cannot go on for ${length} blocks`);
    const position = volume.position(physical, length, where);
    const bytes = volume.image.read(position, length * volume.blockSize);
    volume.check(bytes, TARGET_BLOCK, physical, number, where);
    const { sl_offset, sl_bytes } = decode(SYMLINK_BLOCK, viewOf(bytes), 0);
    if (sl_offset !== done || sl_bytes > bytes.length - SYMLINK_HEADER || done + sl_bytes > size) {
      throw broken(where, "it is another part of the target");
    }
    target.set(bytes.subarray(SYMLINK_HEADER, SYMLINK_HEADER + sl_bytes), done);
    done += sl_bytes;
  }
  return target.subarray(0, done);
}
