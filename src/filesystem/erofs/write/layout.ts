/** What metadata there is, in runs of blocks that are still to be placed. */
import { BLOCK_SIZE, type Extent } from "../../../blocks/blocks.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { limitError } from "../../kind/limit-error.ts";
import { COMPACT_INODE_SIZE, EXTENDED_INODE_SIZE } from "../format/inode.ts";
import { dataForm, fileForm, mapSize } from "./data-form.ts";
import type { Namespace } from "./namespace.ts";
import { Packer, type Slot } from "./packer.ts";
import type { DataForm, PlannedInode, PlannedInodes } from "./planned-inode.ts";
import { bodySize, sharedSize } from "./xattrs.ts";

/** Blocks in a row, and what is in them. */
export type MetadataRun = { readonly blocks: number } & (
  | { readonly kind: "inodes"; readonly inodes: number[] }
  | { readonly kind: "data"; readonly inode: number }
  | { readonly kind: "xattrs" }
);

export interface InodeLayout {
  readonly form: DataForm;
  readonly compact: boolean;
  readonly slot: Slot;
  /** The run with the data that is not contents; undefined if there is none. */
  readonly dataRun: number | undefined;
}

export interface Layout {
  /** The first is block 0, behind the superblock, and has its place. */
  readonly runs: readonly MetadataRun[];
  /** By index, of those that were not written with their contents. */
  readonly inodes: ReadonlyMap<number, InodeLayout>;
  /** Index of the run with the shared attributes; undefined if there are none. */
  readonly xattrRun: number | undefined;
}

const INODES_PER_STEP = 1024;

/** What is settled of an image before its metadata is laid out. */
export interface LayoutOptions {
  /** A file of this time can be told of in few bytes. */
  readonly time: Timestamp;
  /** Byte of the image that the root begins with. */
  readonly rootOffset: number;
}

/** @param extentsOf where the contents of a file, by its index, lie in the end */
export function* layOut(
  { inodes, sharedXattrs }: Namespace,
  options: LayoutOptions,
  extentsOf: (index: number) => readonly Extent[],
): Steps<Layout> {
  const runs: MetadataRun[] = [];
  const newInodeRun = (blocks: number): number => runs.push({ kind: "inodes", blocks, inodes: [] }) - 1;
  const packer = new Packer(newInodeRun);
  const first = newInodeRun(1);
  const laidOut = new Map<number, InodeLayout>();
  for (let index = 0; index < inodes.length; index++) {
    if (index % INODES_PER_STEP === 0) yield;
    const planned = inodes.slot(index) === undefined ? inodes.at(index) : undefined;
    if (planned === undefined) continue;
    const { size, ...what } = sizeUp(inodes, index, planned, options, extentsOf);
    const slot = index === 0 ? { run: first, offset: options.rootOffset } : packer.add(size);
    if (index === 0) packer.offer(first, options.rootOffset + size);
    const run = runs[slot.run];
    if (run?.kind === "inodes") run.inodes.push(index);
    const blocks = blocksToPlace(what.form);
    const dataRun = blocks === 0 ? undefined : runs.push({ kind: "data", blocks, inode: index }) - 1;
    laidOut.set(index, { ...what, slot, dataRun });
  }
  const shared = Math.ceil(sharedSize(sharedXattrs) / BLOCK_SIZE);
  const xattrRun = shared === 0 ? undefined : runs.push({ kind: "xattrs", blocks: shared }) - 1;
  return { runs, inodes: laidOut, xattrRun };
}

interface SizedUp {
  readonly form: DataForm;
  readonly compact: boolean;
  /** Bytes from the inode's start to the end of its inline data. */
  readonly size: number;
}

function sizeUp(
  inodes: PlannedInodes,
  index: number,
  planned: PlannedInode,
  { time, rootOffset }: LayoutOptions,
  extentsOf: (index: number) => readonly Extent[],
): SizedUp {
  const { node } = planned;
  const path = (): string => inodes.pathOf(planned.parent, planned.name);
  const compact = isCompact(planned, time);
  const head = (compact ? COMPACT_INODE_SIZE : EXTENDED_INODE_SIZE) + bodySize(planned.xattrs);
  const room = index === 0 ? BLOCK_SIZE - rootOffset : BLOCK_SIZE;
  if (index === 0 && head > room) {
    throw limitError("/", "the root has more extended attributes than EROFS can refer to", ROOT_HINT);
  }
  const form = node.type === "file" ? fileForm(node, extentsOf(index), path) : dataForm(planned, head, room);
  const map = node.type === "file" ? mapSize(form, node.size, head) : 0;
  return { form, compact, size: head + map + (form.kind === "inline" ? form.tail : 0) };
}

const ROOT_HINT = "remove extended attributes of the root directory in the image";

/** Whether 32 bytes say everything of the inode. */
function isCompact({ node, links }: PlannedInode, time: Timestamp): boolean {
  const { mtime, uid, gid } = node.metadata;
  if (mtime.seconds !== time.seconds || mtime.nanoseconds !== time.nanoseconds) return false;
  if (node.type === "file" && node.size >= 2 ** 32) return false;
  return uid < 2 ** 16 && gid < 2 ** 16 && links < 2 ** 16;
}

function blocksToPlace(form: DataForm): number {
  if (form.kind === "chunks" || form.kind === "compressed") return 0;
  return form.kind === "plain" && form.start !== undefined ? 0 : form.blocks;
}
