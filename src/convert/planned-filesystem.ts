/** What can be told of a filesystem before the first layer is read. */
import { BLOCK_SIZE } from "../blocks/blocks.ts";
import type { FilesystemName } from "../filesystem/kind/kind.ts";
import type { Sizing } from "../filesystem/kind/size.ts";
import { hashTreeBytes } from "../verity/append.ts";
import type { Conversion } from "./request.ts";

/** How large an image would be. */
export interface PlannedSize {
  /** How the size will come about. */
  readonly sizing: Sizing;
  /** Bytes of the image as its length will say; null: they depend on the contents. */
  readonly apparentBytes: number | null;
}

/** The filesystem that would be made. */
export interface PlannedFilesystem {
  readonly type: FilesystemName;
  readonly label: string;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Null: they depend on the contents. */
  readonly blocks: number | null;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Throws E_FILESYSTEM_LIMIT for a size that no such filesystem has. */
export function plannedSize({ filesystem, verity }: Conversion): PlannedSize {
  const blocks = filesystem.plannedBlocks();
  return { sizing: filesystem.sizing, apparentBytes: blocks === null ? null : bytesOf(blocks, verity) };
}

/** @param label bytes, one character each */
export function plannedFilesystem(label: string, { filesystem, verity }: Conversion): PlannedFilesystem {
  return {
    type: filesystem.name,
    label: Buffer.from(label, "latin1").toString("utf8"),
    blockSize: BLOCK_SIZE,
    blocks: filesystem.plannedBlocks(),
    options: { ...filesystem.options, verity },
  };
}

function bytesOf(blocks: number, verity: boolean): number {
  const bytes = blocks * BLOCK_SIZE;
  return verity ? bytes + hashTreeBytes(bytes) : bytes;
}
