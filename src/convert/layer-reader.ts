import { availableParallelism } from "node:os";
import { type LayerStreamOptions, readLayer } from "../layer/layer-stream.ts";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { LayerBlob } from "../source/source.ts";
import { threadModule } from "./workers/thread-module.ts";

/** Reads layers through their checks, as `readLayer` does. The bytes are the same, whichever thread makes them. */
export interface LayerReader {
  read<T>(
    blob: LayerBlob,
    options: LayerStreamOptions,
    use: (tar: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T>;
  close(): Promise<void>;
}

/** One inflates, one hashes. */
const THREADS_FOR_A_LAYER = 2;
const MOST_THREADS = THREADS_FOR_A_LAYER * STREAMS_IN_FLIGHT;
/** Stored bytes that are done before threads would have started. */
const WORTH_THREADS = 16 << 20;

/** @param workers threads; undefined: as many as the machine has cores and the layers are worth, 0: this one only */
export async function layerReader(
  layers: readonly LayerBlob[],
  workers: number | undefined,
): Promise<LayerReader> {
  const count = Math.min(workerCount(layers, workers), THREADS_FOR_A_LAYER * layers.length, MOST_THREADS);
  const module = threadModule();
  if (count === 0 || module === undefined) return { read: readLayer, close: async () => undefined };
  // Loaded when it is wanted: a small image is done before.
  const { WorkerPool } = await import("./workers/pool.ts");
  return new WorkerPool(count, layers, module);
}

/** @param workers as many as were asked for; undefined: as many as the machine has cores and the layers are worth */
export function workerCount(layers: readonly Pick<LayerBlob, "size">[], workers: number | undefined): number {
  if (workers !== undefined) return workers;
  const stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  const cores = availableParallelism();
  return cores === 1 || stored < WORTH_THREADS ? 0 : cores;
}
