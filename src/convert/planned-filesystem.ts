/** What can be told of a filesystem before the first layer is read. */
import { geometryFor, groupsIn, INODES_PER_BLOCK, largestTable } from "../ext4/geometry.ts";
import { usableBlocks } from "../ext4/group-layout.ts";
import type { InodeCount } from "../ext4/inode-count.ts";
import type { VariantName } from "../ext4/variant.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import { hashTreeBytes } from "../verity/append.ts";
import { describeSizing, type Sizing } from "./describe.ts";
import type { FilesystemRequest } from "./filesystem-request.ts";
import type { Request } from "./request.ts";

export interface PlannedSize {
  /** How the size will come about. */
  readonly sizing: Sizing;
  /** Bytes of `rootfs.ext4` as its length will say; null: they depend on the contents. */
  readonly apparentBytes: number | null;
}

export interface PlannedFilesystem {
  readonly type: VariantName;
  readonly label: string;
  readonly blockSize: number;
  /** Null: they depend on the contents. */
  readonly blocks: number | null;
  readonly options: Omit<FilesystemRequest, "fs" | "size">;
}

/** Throws E_FILESYSTEM_LIMIT for a size that no such filesystem has. */
export function plannedSize(request: Request): PlannedSize {
  const blocks = plannedBlocks(request.filesystem);
  return {
    sizing: describeSizing(request),
    apparentBytes: blocks === null ? null : bytesOf(blocks, request.filesystem),
  };
}

export function plannedFilesystem({ filesystem, label }: Request): PlannedFilesystem {
  const { fs, size: _size, ...options } = filesystem;
  return {
    type: fs,
    label: Buffer.from(label, "latin1").toString("utf8"),
    blockSize: BLOCK_SIZE,
    blocks: plannedBlocks(filesystem),
    options,
  };
}

/**
 * A last group that is too short for what lies at its start is left out. How much that is may depend on the number of
 * files: where the fewest inodes and the most come to the same, that is it.
 */
function plannedBlocks({ size, fs, inodes, readOnly }: FilesystemRequest): number | null {
  if (size.kind !== "fixed") return null;
  const { variant } = geometryFor(size.blocks, fs);
  const most = groupsIn(size.blocks) * largestTable(variant) * INODES_PER_BLOCK;
  const counts: readonly InodeCount[] =
    inodes === undefined ? [readOnly ? "least" : "usual", most] : [inodes];
  const [blocks = null, ...others] = new Set(
    counts.map((count) => usableBlocks(size.blocks, { variant, usedInodes: 0, inodes: count, journal: 0 })),
  );
  return others.length === 0 ? blocks : null;
}

function bytesOf(blocks: number, { verity }: FilesystemRequest): number {
  const bytes = blocks * BLOCK_SIZE;
  return verity ? bytes + hashTreeBytes(bytes) : bytes;
}
