/** One inode: what it is described by, its attributes and its contents. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { broken } from "../broken.ts";
import { chunkList } from "../chunks.ts";
import { decompressed } from "../compressed/decompress.ts";
import { compressedIndexEnd } from "../compressed/extents.ts";
import type { CompressedExtent, FileExtent } from "../extent.ts";
import { fileExtents } from "../extents.ts";
import type { ErofsInode } from "../inode.ts";
import { packedSize } from "../packed.ts";
import { readSymlink } from "../symlink.ts";
import { xattrEntries } from "../xattr-entries.ts";
import { fullName } from "../xattrs.ts";
import type { Check } from "./check.ts";

/** Whether nothing of an inode is read beside itself. */
export function isShort({ layout, type, xattrs, body }: ErofsInode): boolean {
  return layout.startsWith("FLAT") && type !== "symlink" && xattrs === body;
}

/** Throws E_INVALID_FILESYSTEM at the first fault. */
export function* checkInode(check: Check, inode: ErofsInode): Steps<void> {
  const { volume, claims } = check;
  claims.add({ start: inode.position, end: inode.body, inode: inode.number, isShared: false });
  checkXattrs(check, inode);
  if (!["file", "directory", "symlink"].includes(inode.type)) return;
  claimIndex(check, inode);
  for (const extent of fileExtents(volume, inode)) {
    yield;
    if (extent !== undefined) checkExtent(check, inode, extent);
  }
  if (inode.type === "symlink") readSymlink(volume, inode);
}

function checkXattrs({ volume, findings }: Check, inode: ErofsInode): void {
  if (inode.xattrs === inode.body) return;
  const where = inodeName(inode.number);
  const names = new Set<string>();
  for (const entry of xattrEntries(volume, inode)) {
    const name = fullName(volume, entry);
    findings.expect(name !== undefined, where, `an attribute has the prefix ${entry.index}, which is none`);
    if (name === undefined) continue;
    findings.expect(!names.has(name), where, "it has an attribute twice");
    names.add(name);
  }
}

/** What tells where the contents are lies behind the attributes. */
function claimIndex({ volume, claims }: Check, inode: ErofsInode): void {
  if (inode.size === 0) return;
  const { number, layout, body } = inode;
  let end = body;
  if (layout === "CHUNK_BASED") {
    const list = chunkList(volume, inode);
    end = list.position + list.count * list.itemSize;
  } else if (layout === "COMPRESSED_FULL" || layout === "COMPRESSED_COMPACT") {
    end = compressedIndexEnd(volume, inode);
  }
  claims.add({ start: body, end, inode: number, isShared: false });
}

function checkExtent(check: Check, inode: ErofsInode, extent: FileExtent): void {
  const { volume, claims } = check;
  const where = inodeName(inode.number);
  if (extent.kind === "fragment") {
    if (extent.at + extent.length <= packedSize(volume)) return;
    throw broken(where, `its bytes from ${extent.offset} on would lie past the end of the packed inode`);
  }
  const { position } = extent;
  const isCompressed = extent.kind === "compressed";
  const isInline = isCompressed ? extent.isInline : extent.kind === "inline";
  const size = isCompressed ? extent.size : extent.length;
  const whole = isInline ? size : Math.ceil(size / volume.blockSize) * volume.blockSize;
  volume.checkRange(position, size, where);
  // The bit of fragments is also that of pclusters which files have in common (dedupe).
  const isShared =
    inode.layout === "CHUNK_BASED" ||
    (!isInline && inode.layout.startsWith("COMPRESSED") && volume.has("fragments"));
  claims.add({ start: position, end: position + whole, inode: inode.number, isShared });
  if (isCompressed) checkCompressed(check, extent, where);
}

/** What was made of a pcluster once can be made again. */
function checkCompressed(
  { volume, decompressed: known }: Check,
  extent: CompressedExtent,
  where: string,
): void {
  if ((known.get(extent.position) ?? 0) >= extent.length) return;
  decompressed(volume, extent, where);
  known.set(extent.position, extent.length);
}
