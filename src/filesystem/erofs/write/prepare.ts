import type { PreparedFilesystem } from "../../kind/kind.ts";
import type { Packing } from "../../kind/packing.ts";
import { MOST_BLOCKS } from "./data-form.ts";
import { emitErofs } from "./emit.ts";
import { ErofsFileWriter } from "./file-writer.ts";
import { PackedFileWriter } from "./packed-file-writer.ts";
import { planErofs } from "./plan.ts";
import { SlotBlocks } from "./slots.ts";
import { unpackClusters } from "./unpack.ts";
import { restOf } from "./written-slots.ts";

/** Metadata is little, and a file that lies in one run cannot be parted to fill what is left. */
const LEAST_RUN_BLOCKS = 4;

/** Everything is contents' but the first block: the superblock is there. */
export function prepareErofs(packing?: Packing): PreparedFilesystem {
  const slots = new SlotBlocks();
  return {
    space: {
      end: MOST_BLOCKS,
      leastRun: LEAST_RUN_BLOCKS,
      remedy: "EROFS holds no more: ask for ext4, or make the image smaller",
      reservedAfter: (block) => (block < 1 ? { start: 0, length: 1 } : { start: MOST_BLOCKS, length: 1 }),
    },
    asksForHoles: true,
    fileWriter: (sink, packer) => {
      const files = new ErofsFileWriter(sink, slots);
      return packing === undefined || packer === undefined
        ? files
        : new PackedFileWriter(files, packing, packer);
    },
    restOf: (file) => restOf(file, slots),
    unpack: unpackClusters,
    *plan(root, { end, written }, identity) {
      const plan = yield* planErofs(root, { end, written, slots, packing }, identity);
      return {
        blocks: plan.placement.blocks,
        freeBlocks: 0,
        inodes: plan.namespace.inodes.length,
        gathers: plan.gathers,
        vacating: plan.vacating,
        moves: plan.moves,
        reusesStale: false,
        emit: () => emitErofs(plan),
      };
    },
  };
}
