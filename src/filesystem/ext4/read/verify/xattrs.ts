/** Extended attributes: in place, in order and hashed. */

import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_XATTR_ROUND } from "../../format/xattr.ts";
import { blockHash } from "../../format/xattr-hash.ts";
import { broken } from "../broken.ts";
import type { FileInode } from "../inode.ts";
import { type DiskXattr, inodeXattrs, readXattrBlock, xattrBlock } from "../xattr-entries.ts";
import type { Check, SharedBlock } from "./check.ts";
import { isHashOf } from "./xattr-hashes.ts";

/** Kernels do not hash attributes in inodes; those in blocks, all do. */
const NOT_HASHED = 0;

/** Checks an inode's attributes and returns how many blocks those in inodes of their own add to its i_blocks. */
export function checkXattrs(check: Check, inode: FileInode): number {
  const entries = inodeXattrs(inode);
  const block = xattrBlock(check.volume, inode);
  if (entries.length === 0 && block === 0) return 0;
  const where = inodeName(inode.number);
  checkEntries(check, entries, where, NOT_HASHED);
  let charged = chargedBlocks(check, entries, where);
  if (block !== 0) {
    const known = check.volume.has("ext_attr");
    check.findings.expect(known, where, "it has attributes, though the feature ext_attr is off");
    const shared = check.xattrBlocks.get(block) ?? noteBlock(check, block, where);
    shared.references++;
    charged += shared.charged;
  }
  return charged;
}

/** The first inode that has the block. */
function noteBlock(check: Check, block: number, where: string): SharedBlock {
  check.volume.checkRange(block, 1, where);
  check.claim(`${where}, attribute block ${block}`, block, 1);
  const { header, entries } = readXattrBlock(check.volume, block);
  const here = `attribute block ${block}`;
  checkEntries(check, entries, here);
  const named = entries.every(({ index }) => index !== 0);
  check.findings.expect(named, here, "an attribute has no prefix");
  for (let i = 1; i < entries.length; i++) {
    const [before, entry] = [entries[i - 1], entries[i]];
    if (before === undefined || entry === undefined) continue;
    check.findings.expect(isBefore(before, entry), here, "its attributes are out of order");
  }
  const hash = blockHash(entries.map((entry) => entry.hash));
  check.findings.expect(header.h_hash === hash || header.h_hash === 0, here, "its hash is wrong");
  const shared = { expected: header.h_refcount, references: 0, charged: chargedBlocks(check, entries, here) };
  check.xattrBlocks.set(block, shared);
  return shared;
}

/** The order that the kernel searches a block in. */
function isBefore(a: DiskXattr, b: DiskXattr): boolean {
  if (a.index !== b.index) return a.index < b.index;
  if (a.name.length !== b.name.length) return a.name.length < b.name.length;
  return a.name < b.name;
}

/** @param unhashed what e_hash says where there is none */
function checkEntries(
  check: Check,
  entries: readonly DiskXattr[],
  where: string,
  unhashed?: typeof NOT_HASHED,
): void {
  checkRoom(check, entries, where);
  for (const entry of entries) {
    if (entry.valueInode !== 0) check.valueUses.push({ where, entry });
    else if (entry.hash !== unhashed) {
      const right = isHashOf(entry.hash, entry.name, entry.padded);
      check.findings.expect(right, where, "the hash of an attribute is wrong");
    }
  }
}

/** Values must neither lie over each other nor over the names. */
function checkRoom({ findings }: Check, entries: readonly DiskXattr[], where: string): void {
  const values = entries.filter(({ inPlace }) => inPlace.length > 0).sort((a, b) => a.offset - b.offset);
  // Four zeros end the list.
  let end = (entries.at(-1)?.end ?? 0) + 4;
  for (const { offset, inPlace } of values) {
    findings.expect(offset >= end, where, "the value of an attribute lies over something else");
    end = Math.max(end, offset + Math.ceil(inPlace.length / EXT4_XATTR_ROUND) * EXT4_XATTR_ROUND);
  }
}

function chargedBlocks({ volume }: Check, entries: readonly DiskXattr[], where: string): number {
  let blocks = 0;
  for (const entry of entries) {
    if (entry.valueInode === 0) continue;
    if (entry.size === 0) throw broken(where, "an attribute without a value has an inode for it");
    blocks += Math.ceil(entry.size / volume.superblock.blockSize);
  }
  return blocks;
}
