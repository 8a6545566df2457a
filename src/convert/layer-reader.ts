import { availableParallelism } from "node:os";
import type { PieceReader } from "../cache/checked-file.ts";
import { type LayerStreamOptions, readLayer } from "../layer/layer-stream.ts";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { LayerBlob } from "../source/source.ts";
import type { UseTar } from "./workers/remote-layer.ts";
import { threadModule } from "./workers/thread-module.ts";

/** Reads layers through their checks, as `readLayer` does. The bytes are the same, whichever thread makes them. */
export interface LayerReader {
  read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T>;
  /** Reads the tar of a kept layer in another thread; undefined where there is none for that. */
  readonly pieces: PieceReader | undefined;
  close(): Promise<void>;
}

/** One inflates, one hashes. */
const THREADS_FOR_A_LAYER = 2;
const MOST_THREADS = THREADS_FOR_A_LAYER * STREAMS_IN_FLIGHT;
/** Stored bytes that are done before threads would have started. */
const WORTH_THREADS = 16 << 20;

/** Bytes of tars that are kept, each of which costs as much to read and check as one stored byte to inflate and hash. */
const KEPT_FOR_STORED = 16;

/** What is to be done of a conversion's layers. */
export interface LayersToRead {
  /** Those that are inflated. */
  readonly blobs: readonly LayerBlob[];
  /** Those that are kept, and bytes of their tars. */
  readonly kept: { readonly layers: number; readonly bytes: number };
  /** Whether others are being kept: chunks of their tars are held until the disk has them. */
  readonly isKeeping: boolean;
}

/** @param workers threads; undefined: as many as the machine has cores and the layers are worth, 0: this one only */
export async function layerReader(
  { blobs, kept, isKeeping }: LayersToRead,
  workers: number | undefined,
): Promise<LayerReader> {
  const work = [...blobs, { size: kept.bytes / KEPT_FOR_STORED }];
  const useful = THREADS_FOR_A_LAYER * blobs.length + kept.layers;
  const count = Math.min(workerCount(work, workers), useful, MOST_THREADS);
  const module = threadModule();
  if (count === 0 || module === undefined) {
    return { read: readLayer, pieces: undefined, close: async () => undefined };
  }
  // Loaded when it is wanted: a small image is done before.
  const { WorkerPool } = await import("./workers/pool.ts");
  return new WorkerPool(count, blobs, module, isKeeping);
}

/** @param workers as many as were asked for; undefined: as many as the machine has cores and the layers are worth */
export function workerCount(layers: readonly Pick<LayerBlob, "size">[], workers: number | undefined): number {
  if (workers !== undefined) return workers;
  const stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  const cores = availableParallelism();
  return cores === 1 || stored < WORTH_THREADS ? 0 : cores;
}
