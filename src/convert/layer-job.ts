import type { InflateChoice } from "../layer/decompress.ts";
import { type LayerBlob, layerName, readLayer } from "../layer/layer-stream.ts";
import { tarEntries } from "../layer/tar/entries.ts";
import { unpack } from "../layer/unpack.ts";
import type { BlockSink, Run } from "../output/blocks.ts";
import { ContentWriter } from "../output/content-writer.ts";
import type { LayerTarget } from "../tree/layer-tree.ts";

/** One layer to be brought from its blob into the image, in whichever thread. */
export interface LayerJob {
  readonly blob: LayerBlob;
  readonly inflate: InflateChoice;
  /** Gets the entries. */
  readonly target: LayerTarget;
  /** Gets the contents. */
  readonly sink: BlockSink;
  /** The next piece of the image for the contents; waits for the layer's turn. */
  nextArena(): Promise<readonly Run[]>;
  /** Resolves when `target` has taken all entries; throws what it threw. */
  delivered?(): Promise<void>;
  readonly signal: AbortSignal;
  readonly onStored?: (bytes: number) => void;
  /** The message does not name the layer. */
  readonly onWarning: (message: string) => void;
}

/** Streams the layer through all its checks and returns the runs of blocks that its contents were written to. */
export async function runLayer(job: LayerJob): Promise<readonly Run[]> {
  const { blob, target, onWarning } = job;
  const writer = new ContentWriter(job.sink);
  await readLayer(blob, job, async (tar) => {
    const entries = tarEntries(tar, { layer: layerName(blob), onWarning });
    await unpack(entries, target, { writer, nextArena: () => job.nextArena() });
    await job.delivered?.();
  });
  return writer.written;
}
