import { BLOCK_SIZE, type Extent, type MappedList } from "../../../blocks/blocks.ts";
import { blocksOf } from "../../../blocks/content-space.ts";
import type { Move } from "../../../blocks/relocation.ts";
import type { Cluster } from "../../../blocks/space.ts";
import { Docker2vmError } from "../../../errors.ts";
import type { Directory } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { FilesystemIdentity, Gather } from "../../kind/kind.ts";
import type { Packing } from "../../kind/packing.ts";
import { COMPRESSED_ROOT_OFFSET } from "../format/compression.ts";
import { COMPACT_INODE_SIZE, EXTENDED_INODE_SIZE, SLOT_SIZE } from "../format/inode.ts";
import { ROOT_OFFSET } from "../format/superblock.ts";
import { closeUp } from "./close-up.ts";
import { MOST_BLOCKS } from "./data-form.ts";
import { type Layout, layOut } from "./layout.ts";
import { type Namespace, planNamespace } from "./namespace.ts";
import { type Placement, placeMetadata } from "./placement.ts";
import type { PlannedInodes } from "./planned-inode.ts";
import { regroup } from "./regroup.ts";
import type { Contents } from "./slots.ts";
import { blockOf, type DeadBytes, offsetOf, writtenSlots } from "./written-slots.ts";

/** What became of contents, and how they were compressed, if they were. */
export interface PackedContents extends Contents {
  readonly packing: Packing | undefined;
}

/** A filesystem that is settled down to the last block, ready for `emitErofs`. */
export interface ErofsPlan {
  readonly namespace: Namespace;
  readonly layout: Layout;
  readonly placement: Placement;
  readonly gathers: readonly Gather[];
  readonly vacating: readonly Move[];
  readonly moves: readonly Move[];
  /** Where the contents of files lie that have moved, by their indexes. */
  readonly moved: ReadonlyMap<number, readonly Extent[]>;
  /** Where the blocks with slots lie in the end. */
  readonly slotPlaces: readonly number[];
  readonly deadBytes: readonly DeadBytes[];
  readonly packing: Packing | undefined;
  readonly identity: FilesystemIdentity;
}

/**
 * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and identity,
 * same plan. Throws E_FILESYSTEM_LIMIT, naming the path where it is about one.
 */
export function* planErofs(
  root: Directory,
  streamed: PackedContents,
  identity: FilesystemIdentity,
): Steps<ErofsPlan> {
  const { packing } = streamed;
  const rootOffset = packing === undefined ? ROOT_OFFSET : COMPRESSED_ROOT_OFFSET;
  const namespace = yield* planNamespace(root, BLOCK_SIZE - rootOffset);
  const { inodes } = namespace;
  const ofFiles = blocksOf(inodes);
  yield;
  const { gathers, contents, live } = regroup(inodes, streamed, ofFiles);
  yield;
  const files = new MovableFiles(inodes);
  const slots = yield* writtenSlots(inodes, contents.slots, live);
  // How much metadata there is hardly depends on where contents lie: only the index of clusters that part is larger.
  const options = { time: identity.time, rootOffset };
  const first = yield* layOut(namespace, options, (index) => files.extents(index));
  const metadata = first.runs.reduce((sum, { blocks }) => sum + blocks, 0);
  const places = closeUp({ files, blocks: slots.places }, contents, metadata, ofFiles);
  yield;
  const { vacating, moves, moved, movedBlocks } = places;
  const extentsOf = (index: number): readonly Extent[] => moved.get(index) ?? files.extents(index);
  const layout = moved.size === 0 ? first : yield* layOut(namespace, options, extentsOf);
  const placed = placeMetadata(layout.runs, places);
  const placement = endsWithInode(layout, placed) ? { ...placed, blocks: placed.blocks + 1 } : placed;
  if (placement.blocks > MOST_BLOCKS) throw tooLarge(placement.blocks);
  const slotPlaces = [...contents.slots.places];
  for (const [i, block] of slots.live.entries()) {
    slotPlaces[block] = movedBlocks.get(i) ?? slotPlaces[block] ?? 0;
  }
  const shape = { namespace, layout, placement, gathers, vacating, moves, moved };
  return { ...shape, slotPlaces, deadBytes: slots.dead, packing, identity };
}

/**
 * Whether the last bytes are an inode that nothing is behind. fsck.erofs (1.5) looks for attributes there, even of one
 * that has none, and takes the image's end for corruption.
 */
function endsWithInode({ runs, inodes }: Layout, { starts, blocks }: Placement): boolean {
  const last = runs.findIndex((run, i) => (starts[i] ?? 0) + run.blocks === blocks);
  const run = runs[last];
  if (run?.kind !== "inodes") return false;
  return run.inodes.some((index) => {
    const { compact = false, slot } = inodes.get(index) ?? {};
    const size = compact ? COMPACT_INODE_SIZE : EXTENDED_INODE_SIZE;
    return slot !== undefined && slot.offset + size === run.blocks * BLOCK_SIZE;
  });
}

/** Files with their extents as these may move: of compressed contents each cluster by itself. */
class MovableFiles implements MappedList {
  readonly #inodes: PlannedInodes;

  constructor(inodes: PlannedInodes) {
    this.#inodes = inodes;
  }

  get length(): number {
    return this.#inodes.length;
  }

  extents(index: number): readonly Extent[] {
    const node = this.#inodes.node(index);
    const { clusters = [] } = (node?.type === "file" ? node.packed : undefined) ?? {};
    const extents = this.#inodes.extents(index);
    return clusters.length === 0 ? extents : byCluster(extents, clusters);
  }

  passingExtents(index: number): readonly Extent[] {
    const node = this.#inodes.node(index);
    const isPacked = node?.type === "file" && node.packed !== undefined;
    return isPacked ? this.extents(index) : this.#inodes.passingExtents(index);
  }

  /** Clusters have the same blocks as their extents. */
  forRuns(use: (start: number, length: number) => void): void {
    this.#inodes.forRuns(use);
  }
}

function byCluster(extents: readonly Extent[], clusters: readonly Cluster[]): readonly Extent[] {
  const pieces: Extent[] = [];
  let [next, border] = [0, 0];
  for (const { logical, physical, length } of extents) {
    for (let done = 0; done < length; ) {
      while (border <= logical + done) border += clusters[next++]?.stored ?? length;
      const part = Math.min(border - logical, length) - done;
      pieces.push({ logical: logical + done, physical: physical + done, length: part });
      done += part;
    }
  }
  return pieces;
}

function tooLarge(blocks: number): Error {
  return new Docker2vmError(
    "E_FILESYSTEM_LIMIT",
    `the filesystem would have ${blocks} blocks of ${BLOCK_SIZE} bytes; EROFS holds ${MOST_BLOCKS}`,
    { hint: "ask for ext4, or make the image smaller" },
  );
}

/** The byte of the image that an inode, by its index, begins with. */
export function positionOf(plan: ErofsPlan, index: number): number {
  const written = plan.namespace.inodes.slot(index);
  if (written !== undefined) {
    return (plan.slotPlaces[blockOf(written)] ?? 0) * BLOCK_SIZE + offsetOf(written);
  }
  const { run = 0, offset = 0 } = plan.layout.inodes.get(index)?.slot ?? {};
  return (plan.placement.starts[run] ?? 0) * BLOCK_SIZE + offset;
}

/** The number of an inode, by its index. */
export function nidOf(plan: ErofsPlan, index: number): number {
  return positionOf(plan, index) / SLOT_SIZE;
}
