import { BLOCK_SIZE, type Extent } from "../../../blocks/blocks.ts";
import type { WrittenBlocks } from "../../../blocks/content-space.ts";
import type { Move } from "../../../blocks/relocation.ts";
import { Docker2vmError } from "../../../errors.ts";
import type { Directory } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { FilesystemIdentity } from "../../kind/kind.ts";
import { SLOT_SIZE } from "../format/inode.ts";
import { closeUp } from "./close-up.ts";
import { MOST_BLOCKS } from "./data-form.ts";
import { type Layout, layOut } from "./layout.ts";
import { type Namespace, planNamespace } from "./namespace.ts";
import { type Placement, placeMetadata } from "./placement.ts";

/** A filesystem that is settled down to the last block, ready for `emitErofs`. */
export interface ErofsPlan {
  readonly namespace: Namespace;
  readonly layout: Layout;
  readonly placement: Placement;
  readonly moves: readonly Move[];
  readonly identity: FilesystemIdentity;
}

const NO_EXTENTS: readonly Extent[] = [];

/**
 * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and identity,
 * same plan. Throws E_FILESYSTEM_LIMIT, naming the path where it is about one.
 */
export function* planErofs(
  root: Directory,
  contents: WrittenBlocks,
  identity: FilesystemIdentity,
): Steps<ErofsPlan> {
  const namespace = yield* planNamespace(root);
  const files = namespace.inodes.map(({ node }) => (node.type === "file" ? node : { extents: NO_EXTENTS }));
  // How much metadata there is does not depend on where contents lie.
  const first = yield* layOut(namespace, identity.time, (index) => files[index]?.extents ?? NO_EXTENTS);
  const metadata = first.runs.reduce((sum, { blocks }) => sum + blocks, 0);
  const places = closeUp(files, contents, metadata);
  yield;
  const { moves, moved } = places;
  const extentsOf = (index: number): readonly Extent[] =>
    moved.get(index) ?? files[index]?.extents ?? NO_EXTENTS;
  const layout = moves.length === 0 ? first : yield* layOut(namespace, identity.time, extentsOf);
  const placement = placeMetadata(layout.runs, places);
  if (placement.blocks > MOST_BLOCKS) throw tooLarge(placement.blocks);
  return { namespace, layout, placement, moves, identity };
}

function tooLarge(blocks: number): Error {
  return new Docker2vmError(
    "E_FILESYSTEM_LIMIT",
    `the filesystem would have ${blocks} blocks of ${BLOCK_SIZE} bytes; EROFS holds ${MOST_BLOCKS}`,
    { hint: "ask for ext4, or make the image smaller" },
  );
}

/** The number of an inode, by its index. */
export function nidOf({ layout, placement }: Pick<ErofsPlan, "layout" | "placement">, index: number): number {
  const { run = 0, offset = 0 } = layout.inodes[index]?.slot ?? {};
  return ((placement.starts[run] ?? 0) * BLOCK_SIZE + offset) / SLOT_SIZE;
}
