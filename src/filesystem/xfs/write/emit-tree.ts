/** The blocks of directories, long symlinks, attributes and trees of extents. */
import type { Extent } from "../../../blocks/blocks.ts";
import { encode as encodeFields, viewOf } from "../../../blocks/field.ts";
import { SYMLINK_BLOCK, SYMLINK_HEADER, XFS_SYMLINK_MAGIC } from "../format/symlink.ts";
import { encodeAttributeBlock } from "./attribute-encoding.ts";
import type { BlockJob } from "./block-jobs.ts";
import { bmapBlocks } from "./bmap.ts";
import { type DirectoryContext, encodeDirectoryBlock } from "./directory-encoding.ts";
import { inodeNumber } from "./numbering.ts";
import { type Owner, sealSymlinkBlock } from "./owner.ts";
import type { XfsPlan } from "./plan.ts";
import type { PlannedInode } from "./planned-inode.ts";
import { ownRuns } from "./tree-placer.ts";

export function* treeJobs(plan: XfsPlan): Generator<BlockJob> {
  const { namespace, placement, options } = plan;
  for (const [index, { data, attributes }] of placement.forks) {
    const planned = namespace.at(index);
    if (planned === undefined) continue;
    const owner = { number: inodeNumber(placement.chunks, index), uuid: options.uuid };
    if (ownRuns(planned).length > 0) yield* ownJobs(plan, planned, owner, data.extents);
    yield* bmapBlocks(data, planned.forks.dataBytes, owner);
    yield* attributeJobs(planned, owner, attributes.extents);
    yield* bmapBlocks(attributes, planned.forks.attrBytes, owner);
  }
}

/** A directory with what its bytes need to know. */
export function directoryContext(
  { namespace, placement: { chunks } }: XfsPlan,
  { directory, parent }: PlannedInode,
  owner: Owner,
): DirectoryContext | undefined {
  if (directory === undefined) return undefined;
  return {
    layout: directory,
    owner,
    parent: inodeNumber(chunks, parent),
    numberAt: (index) => inodeNumber(chunks, index),
    typeAt: (index) => namespace.node(index)?.type ?? "file",
  };
}

function* ownJobs(
  plan: XfsPlan,
  planned: PlannedInode,
  owner: Owner,
  extents: readonly Extent[],
): Generator<BlockJob> {
  const directory = directoryContext(plan, planned, owner);
  const { node } = planned;
  for (const { logical, block } of blocksOf(extents)) {
    if (directory !== undefined) {
      yield { block, encode: (bytes) => encodeDirectoryBlock(directory, logical, block, bytes) };
    } else if (node.type === "symlink") {
      yield { block, encode: (bytes) => encodeTarget(node.target, block, owner, bytes) };
    }
  }
}

function* attributeJobs(
  { attributes }: PlannedInode,
  owner: Owner,
  extents: readonly Extent[],
): Generator<BlockJob> {
  const layout = attributes?.blocks;
  if (layout === undefined) return;
  for (const { logical, block } of blocksOf(extents)) {
    yield { block, encode: (bytes) => encodeAttributeBlock(layout, logical, block, owner, bytes) };
  }
}

function* blocksOf(extents: readonly Extent[]) {
  for (const { logical, physical, length } of extents) {
    for (let i = 0; i < length; i++) yield { logical: logical + i, block: physical + i };
  }
}

function encodeTarget(target: string, block: number, owner: Owner, bytes: Uint8Array): void {
  encodeFields(SYMLINK_BLOCK, viewOf(bytes), 0, { sl_magic: XFS_SYMLINK_MAGIC, sl_bytes: target.length });
  bytes.set(Buffer.from(target, "latin1"), SYMLINK_HEADER);
  sealSymlinkBlock(bytes, block, owner);
}
