/** Blocks and inodes that several inodes share for their attributes. */

import { viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { crc } from "../../format/checksum.ts";
import { EXT4_XATTR_REFCOUNT_MAX } from "../../format/xattr.ts";
import { broken } from "../broken.ts";
import { readContents } from "../contents.ts";
import type { FileInode } from "../inode.ts";
import type { Volume } from "../volume.ts";
import type { Check, ValueUse } from "./check.ts";
import { isHashOf } from "./xattr-hashes.ts";

/**
 * Notes an inode that holds a value, whose blocks are its own. It keeps the value's checksum in i_atime and its number
 * of references in i_ctime and i_version (fs/ext4/xattr.c).
 */
export function* noteValueInode({ volume, findings, valueInodes }: Check, inode: FileInode): Steps<void> {
  const { number, fields, size } = inode;
  const hash = yield* hashOfValue(volume, inode);
  findings.expect(fields.i_atime === hash, inodeName(number), "the hash of its value is wrong");
  const expected = fields.i_ctime * 2 ** 32 + fields.l_i_version;
  valueInodes.set(number, { size, hash, expected, references: 0 });
}

function* hashOfValue(volume: Volume, inode: FileInode): Steps<number> {
  let hash = volume.superblock.seed;
  let next = 0;
  for (const piece of readContents(volume, inode)) {
    yield;
    if (piece === undefined) continue;
    const { offset, bytes } = piece;
    if (offset !== next) break;
    hash = crc(hash, bytes);
    next += bytes.length;
  }
  if (next !== inode.size)
    throw broken(inodeName(inode.number), "it holds only a part of an attribute's value");
  return hash;
}

/** Compares counts, once every inode was asked for its attributes. */
export function* checkSharing(check: Check): Steps<void> {
  if (!check.blocksAreComplete) return;
  const { findings, xattrBlocks, valueInodes } = check;
  for (const [block, { expected, references }] of xattrBlocks) {
    yield;
    const where = `attribute block ${block}`;
    const what = `${expected} inodes share it by its count, ${references} by theirs`;
    findings.expect(expected === references, where, what);
    findings.expect(expected <= EXT4_XATTR_REFCOUNT_MAX, where, "more inodes share it than may");
  }
  for (const use of check.valueUses) {
    yield;
    checkValueUse(check, use);
  }
  for (const [number, { expected, references }] of valueInodes) {
    yield;
    const what = `${expected} attributes have their value there by its count, ${references} by theirs`;
    findings.expect(expected === references, inodeName(number), what);
  }
}

/** e_hash is over the name and the value's checksum. */
function checkValueUse({ findings, valueInodes }: Check, { where, entry }: ValueUse): void {
  const value = valueInodes.get(entry.valueInode);
  if (value === undefined) {
    findings.add(where, `inode ${entry.valueInode} holds no value of an attribute`);
    return;
  }
  value.references++;
  findings.expect(value.size === entry.size, where, "the value of an attribute has another size");
  const word = new Uint8Array(4);
  viewOf(word).setUint32(0, value.hash, true);
  findings.expect(isHashOf(entry.hash, entry.name, word), where, "the hash of an attribute is wrong");
}
