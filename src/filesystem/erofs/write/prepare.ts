import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { type FileLength, type Placing, WHOLE_FILE } from "../../../blocks/space.ts";
import { ContentWriter } from "../../../output/content-writer.ts";
import type { PreparedFilesystem } from "../../kind/kind.ts";
import { MOST_BLOCKS } from "./data-form.ts";
import { emitErofs } from "./emit.ts";
import { planErofs } from "./plan.ts";

/** Holes that are kept as room: a file in one run can be read by everything that knows EROFS. */
const MOST_HOLES = 1 << 20;
/** A map of chunks has so many, or so many for each block that comes, whatever is more: at most a quarter of these. */
const LEAST_CHUNKS = 4096;
const CHUNKS_PER_BLOCK = 256;

/** Everything is contents' but the first block; the superblock is there. */
export const PREPARED: PreparedFilesystem = {
  space: {
    end: MOST_BLOCKS,
    remedy: "EROFS holds no more: ask for ext4, or make the image smaller",
    reservedAfter: (block) => (block < 1 ? { start: 0, length: 1 } : { start: MOST_BLOCKS, length: 1 }),
  },
  fileWriter: (sink) => new ContentWriter(sink, placing),
  *plan(root, contents, identity) {
    const plan = yield* planErofs(root, contents, identity);
    return {
      blocks: plan.placement.blocks,
      freeBlocks: 0,
      inodes: plan.namespace.inodes.length,
      moves: plan.moves,
      reusesStale: false,
      emit: () => emitErofs(plan),
    };
  },
};

/** A file lies in one run, unless it has large holes: then in chunks, the larger the fewer of them there may be. */
export function placing({ size, stored }: FileLength): Placing {
  if (size - stored <= MOST_HOLES) return { row: WHOLE_FILE, zeros: "kept" };
  const chunks = Math.max(LEAST_CHUNKS, CHUNKS_PER_BLOCK * Math.ceil(stored / BLOCK_SIZE));
  const blocks = Math.ceil(size / BLOCK_SIZE);
  return { row: 2 ** Math.max(Math.ceil(Math.log2(blocks / chunks)), 0), zeros: "kept in rows" };
}
