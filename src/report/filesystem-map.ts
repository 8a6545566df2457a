import { readerOf } from "../filesystem/open.ts";
import type { BlockUse, BlockUses } from "../filesystem/reading/block-use.ts";
import { inFile } from "../filesystem/reading/broken.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import { blockRows, blocksOf, disjointUses } from "./facts/block-rows.ts";
import type { FilesystemMap } from "./facts/report.ts";

/** Uses that are kept before they are put together. */
const MANY = 1 << 18;

/** Uses, disjoint and ascending. A broken filesystem may name the same blocks for each of its files. */
async function gathered(source: BlockUses, signal: AbortSignal): Promise<readonly BlockUse[]> {
  let uses: BlockUse[] = [];
  let most = MANY;
  for await (const use of itemsInTurns(source, signal)) {
    if (uses.push(use) < most) continue;
    uses = await inTurns(disjointUses(uses), signal);
    most = Math.max(MANY, 2 * uses.length);
  }
  return inTurns(disjointUses(uses), signal);
}

/** What the blocks of the filesystem in a file are for. Throws as reading it does. */
export async function readFilesystemMap(path: string, signal: AbortSignal): Promise<FilesystemMap> {
  const file = new ImageFile(path);
  try {
    const reader = await readerOf(file);
    const { facts, blockUses } = await inTurns(reader.open(file), signal);
    const { type, blockSize, size } = facts();
    const blocks = size / blockSize;
    const rows = blockRows(await gathered(blockUses(), signal), blocks);
    const behindBytes = Math.max(0, file.size - size);
    return { type, blockSize, blocks, behindBytes, blocksOf: blocksOf(rows), rows };
  } catch (error) {
    throw inFile(path, error);
  } finally {
    file.close();
  }
}
