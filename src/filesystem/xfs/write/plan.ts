import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { contentSpace, type WrittenBlocks } from "../../../blocks/content-space.ts";
import { Docker2vmError } from "../../../errors.ts";
import type { Directory } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { Attempt } from "../../kind/least-size.ts";
import { INODES_PER_CHUNK } from "../format/inode.ts";
import { CHUNK_BLOCKS } from "./geometry.ts";
import { type LayoutRule, layoutOf } from "./layout.ts";
import { planNamespace } from "./namespace.ts";
import { checkForms, LOG_HINT, logRule, sizeToFind, type XfsOptions } from "./options.ts";
import { type Placement, place } from "./placement.ts";
import { chunksFor, type Namespace } from "./planned-inode.ts";
import { chooseSize, type Demand, minimumSize, useSize } from "./size.ts";
import { ownBlocks } from "./tree-placer.ts";

export type { LogChoice, XfsOptions } from "./options.ts";

/** A filesystem that is settled down to the last block, ready for `emitXfs`. */
export interface XfsPlan {
  /** Blocks of the filesystem: the size asked for, but for a last group too short to be used. */
  readonly blocks: number;
  /** sb_fdblocks: those among them that a mount takes count as free. */
  readonly freeBlocks: number;
  readonly inodes: number;
  readonly namespace: Namespace;
  readonly placement: Placement;
  readonly options: XfsOptions;
}

/**
 * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and options,
 * same plan. Throws E_SIZE_TOO_SMALL with what is needed, E_FILESYSTEM_LIMIT naming the path, and E_USAGE for a log that
 * is too short for the size.
 */
export function* planXfs(root: Directory, contents: WrittenBlocks, options: XfsOptions): Steps<XfsPlan> {
  checkForms(options);
  const namespace = yield* planNamespace(root, options);
  const space = contentSpace(namespace, contents);
  const chunks = chunksFor(namespace.length);
  const rule: LayoutRule = { log: logRule(options) };
  let own = 0;
  for (const planned = namespace.from(0); planned.index < namespace.length; planned.index++) {
    own += ownBlocks(planned, namespace.passingExtents(planned.index));
  }
  const demand: Demand = { blocks: space.liveBlocks + own + chunks * CHUNK_BLOCKS, rule };
  const placement = yield* findPlacement(
    options,
    demand,
    (reserves) =>
      function* (blocks) {
        yield;
        const layout = layoutOf(blocks, rule);
        return layout === undefined
          ? undefined
          : yield* place(namespace, space, layout, { chunks, reserves });
      },
  );
  checkLogLength(options, placement);
  return {
    blocks: placement.layout.blocks,
    freeBlocks: placement.freeBlocks,
    inodes: chunks * INODES_PER_CHUNK,
    namespace,
    placement,
    options,
  };
}

/**
 * Tries sizes in blocks. `reserves`: whether each group keeps free what a mount sets aside in it. With nothing spare, and
 * where a size is given that has no room for it, a guest may find it missing when it shares blocks: it was asked for.
 */
type Attempts = (reserves: boolean) => Attempt<Placement>;

function* findPlacement(options: XfsOptions, demand: Demand, attempts: Attempts): Steps<Placement> {
  const reserves = !options.readOnly;
  const size = sizeToFind(options);
  if (size.kind === "min") return yield* minimumSize(demand, attempts(false));
  if (size.kind === "auto") {
    return yield* chooseSize(demand, { free: size.free ?? "default", reserves }, attempts(reserves));
  }
  const roomy = reserves ? yield* attempts(true)(size.blocks) : undefined;
  return roomy ?? (yield* useSize(size.blocks, demand, attempts(false)));
}

function checkLogLength({ log }: XfsOptions, { layout }: Placement): void {
  if (log === "auto" || log.blocks === layout.logBlocks) return;
  throw new Docker2vmError(
    "E_USAGE",
    `a log of ${log.blocks * BLOCK_SIZE} bytes is too short for a filesystem of ${layout.blocks * BLOCK_SIZE} bytes: ` +
      `the kernel wants ${layout.logBlocks * BLOCK_SIZE}`,
    { hint: `${LOG_HINT}; or leave its size to the program` },
  );
}
