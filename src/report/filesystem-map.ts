import { readerOf } from "../filesystem/open.ts";
import type { BlockUse } from "../filesystem/reading/block-use.ts";
import { inFile } from "../filesystem/reading/broken.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import { blockRows, blocksOf } from "./facts/block-rows.ts";
import type { FilesystemMap } from "./facts/report.ts";

/** What the blocks of the filesystem in a file are for. Throws as reading it does. */
export async function readFilesystemMap(path: string, signal: AbortSignal): Promise<FilesystemMap> {
  const file = new ImageFile(path);
  try {
    const reader = await readerOf(file);
    const { facts, blockUses } = await inTurns(reader.open(file), signal);
    const { type, blockSize, size } = facts();
    const uses: BlockUse[] = [];
    for await (const use of itemsInTurns(blockUses(), signal)) uses.push(use);
    const blocks = size / blockSize;
    const rows = await inTurns(blockRows(uses, blocks), signal);
    const behindBytes = Math.max(0, file.size - size);
    return { type, blockSize, blocks, behindBytes, blocksOf: blocksOf(rows), rows };
  } catch (error) {
    throw inFile(path, error);
  } finally {
    file.close();
  }
}
