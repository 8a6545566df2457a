/**
 * Slots that were written while contents streamed, of blocks in which little is left: those of files that upper layers
 * replaced, and the last ones of small layers. They are put together in blocks that they fill.
 */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { RunCollector, type RunSet, subtract } from "../../../blocks/runs.ts";
import type { Gather } from "../../kind/kind.ts";
import { SLOT_SIZE } from "../format/inode.ts";
import { FIRST_BLOCK } from "./closing-targets.ts";
import { Packer, type Slot } from "./packer.ts";
import type { PlannedInodes, SlottedFile } from "./planned-inode.ts";
import { type Contents, SLOTS_PER_BLOCK } from "./slots.ts";
import { blockOf, forSlottedFiles, liveBytes, offsetOf, slotSize } from "./written-slots.ts";

/** A block with no more than so many bytes of files is worth being emptied. */
const LITTLE = (BLOCK_SIZE * 3) / 4;
/** What is read and written again has to spare a block for every so many. */
const WORTH = 8;

export interface Regrouped {
  readonly gathers: readonly Gather[];
  /** With the new blocks, and these as written to. */
  readonly contents: Contents;
  /** Bytes that files have then in each block with slots. */
  readonly live: Int32Array;
}

/**
 * Gives slots of blocks with little in them to new blocks, which lie where nothing is that any file has.
 *
 * @param ofFiles the blocks that the files have besides
 */
export function regroup(inodes: PlannedInodes, contents: Contents, ofFiles: RunSet): Regrouped {
  const { slots } = contents;
  const live = liveBytes(inodes, slots.places.length);
  const moving: SlottedFile[] = [];
  forSlottedFiles(inodes, (file, slot, index) => {
    if ((live[blockOf(slot)] ?? 0) <= LITTLE) moving.push({ index, file, slot });
  });
  let blocks = 0;
  const packer = new Packer(() => blocks++);
  const packed = moving.map(({ file }) => packer.add(slotSize(file)));
  const emptied = new Set(moving.map(({ slot }) => blockOf(slot))).size;
  if ((emptied - blocks) * WORTH < emptied || emptied === blocks) return { gathers: [], contents, live };

  const places = [...slots.places];
  const used = [...slots.used];
  const first = places.length;
  const parts: Part[][] = Array.from({ length: blocks }, () => []);
  for (const place of freeBlocks(ofFiles, contents, live, blocks)) {
    places.push(place);
    used.push(0);
  }
  const then = new Int32Array(places.length);
  then.set(live);
  for (const [i, { index, file, slot }] of moving.entries()) {
    const { run, offset }: Slot = packed[i] ?? { run: 0, offset: 0 };
    const length = slotSize(file);
    const from = (places[blockOf(slot)] ?? 0) * BLOCK_SIZE + offsetOf(slot);
    parts[run]?.push({ from, offset, length });
    used[first + run] = (used[first + run] ?? 0) + length;
    then[blockOf(slot)] = (then[blockOf(slot)] ?? 0) - length;
    then[first + run] = (then[first + run] ?? 0) + length;
    inodes.moveTo(index, (first + run) * SLOTS_PER_BLOCK + offset / SLOT_SIZE);
  }
  const gathers = parts.map((own, run) => ({ to: places[first + run] ?? 0, parts: own }));
  const targets = gathers.map(({ to }) => ({ start: to, length: 1 }));
  const end = Math.max(contents.end, ...targets.slice(-1).map(({ start }) => start + 1));
  const regrouped = { end, written: [...contents.written, ...targets], slots: { places, used } };
  return { gathers, contents: regrouped, live: then };
}

type Part = Gather["parts"][number];

/** The lowest blocks that no file has anything in, slots that are still to be read included. */
function* freeBlocks(
  ofFiles: RunSet,
  { end, slots }: Contents,
  live: Int32Array,
  count: number,
): Generator<number> {
  const taken = new RunCollector();
  taken.addAll(ofFiles);
  for (let block = 0; block < live.length; block++) {
    if ((live[block] ?? 0) > 0) taken.add(slots.places[block] ?? 0, 1);
  }
  const all = { starts: [FIRST_BLOCK], ends: [Math.max(end, FIRST_BLOCK) + count] };
  const { starts, ends } = subtract(all, taken.union("forbidden", "files"));
  let left = count;
  for (const [i, start] of starts.entries()) {
    for (let block = start; block < (ends[i] ?? 0); block++) {
      if (left-- === 0) return;
      yield block;
    }
  }
}
