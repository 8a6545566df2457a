import { BLOCK_SIZE } from "../blocks/blocks.ts";
import { Docker2vmError } from "../errors.ts";
import type { FilesystemKind, FilesystemName, FilesystemWriter } from "../filesystem/kind/kind.ts";
import { wholeBlocks } from "../filesystem/kind/size.ts";
import { filesystemKind } from "../filesystem/kinds.ts";
import type { WritableDisk } from "./options.ts";

/** Both are what a kernel takes for an overlay's upper layer: they have `trusted.*` attributes and types in directories. */
const TYPES: readonly FilesystemName[] = ["ext4", "xfs"];

/** What the file of a writable disk is called, whatever its kind. */
export const WRITABLE_NAMES: readonly string[] = TYPES.map(fileNameOf);

/** A writable disk with every value checked. */
export interface WritableDiskRequest {
  readonly kind: FilesystemKind;
  readonly filesystem: FilesystemWriter;
  readonly fileName: string;
}

/** Throws E_USAGE for what is no such disk. */
export function writableDiskRequest({ size, type = "ext4" }: WritableDisk): WritableDiskRequest {
  if (!TYPES.includes(type)) {
    throw new Docker2vmError("E_USAGE", `no writable disk is made with ${JSON.stringify(type)}`, {
      hint: `choose one of ${TYPES.join(", ")}`,
    });
  }
  const hint = `its size is a whole number of bytes from ${BLOCK_SIZE} on`;
  wholeBlocks(size, { what: "a writable disk", least: BLOCK_SIZE, hint });
  const kind = filesystemKind(type);
  const filesystem = kind.settle({ size });
  filesystem.plannedBlocks();
  return { kind, filesystem, fileName: fileNameOf(type) };
}

function fileNameOf(type: FilesystemName): string {
  return `writable.${type}`;
}
