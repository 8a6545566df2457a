/** Inodes that hold their contents in themselves (inline_data). */

import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_GOOD_OLD_INODE_SIZE, I_BLOCK_SIZE } from "../../format/inode.ts";
import { XATTR_IBODY_HEADER_SIZE } from "../../format/xattr.ts";
import { SHORTEST_ENTRY } from "../directory.ts";
import { type FileInode, hasFlag } from "../inode.ts";
import { type DiskXattr, inlineDataRest, inodeXattrs } from "../xattr-entries.ts";
import type { Check } from "./check.ts";

export function checkInline({ findings }: Check, inode: FileInode): void {
  const where = inodeName(inode.number);
  const expect = (condition: boolean, what: string): void => findings.expect(condition, where, what);
  expect(!hasFlag(inode, "extents"), "its contents are said to be in itself and in extents");
  expect(!hasFlag(inode, "indexed"), "a directory in its inode has no blocks for an index");
  const rest = inlineDataRest(inode);
  if (rest === undefined) {
    findings.add(where, "it has no attribute for the contents that it is to hold in itself");
    return;
  }
  const room = I_BLOCK_SIZE + rest.length;
  // Where empty values are to be matters to e2fsck here, and nowhere else.
  const end =
    inode.bytes.length - EXT4_GOOD_OLD_INODE_SIZE - inode.fields.i_extra_isize - XATTR_IBODY_HEADER_SIZE;
  const isInside = ({ offset, valueInode }: DiskXattr): boolean => offset <= (valueInode === 0 ? end : 0);
  expect(inodeXattrs(inode).every(isInside), "the value of an attribute lies outside");
  // Of a file, some of that room may be unused.
  if (inode.type === "file") {
    expect(inode.size <= room, `its size is ${inode.size}, and it holds ${room} bytes in itself`);
    return;
  }
  expect(inode.size === room, `its size is ${inode.size}, and it holds ${room} bytes in itself`);
  if (inode.type !== "directory") return;
  const hasRoom = rest.length === 0 || rest.length >= SHORTEST_ENTRY;
  expect(room % 4 === 0 && hasRoom, `${room} bytes in itself are no directory`);
}
