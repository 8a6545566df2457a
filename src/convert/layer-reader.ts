import { availableParallelism } from "node:os";
import type { PieceReader } from "../cache/checked-file.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import { inflatesAside, type LayerStreamOptions, readLayer } from "../layer/layer-stream.ts";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { LayerBlob } from "../source/source.ts";
import { type Stored, storedBytes } from "./stored-bytes.ts";
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
/**
 * The same where the runtime's own threads inflate: what is left to others, hashing, is a seventh of it. With two cores
 * those of the runtime are all that can run, and threads gain by no more than writing beside them.
 */
const WORTH_MORE_THREADS = 64 << 20;
const WORTH_MORE_THREADS_ON_TWO_CORES = 192 << 20;

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

/** How it is to be done. */
export interface WayOfReading {
  readonly inflate: InflateChoice;
  /** Threads; undefined: as many as the machine has cores and the layers are worth, 0: the conversion's only. */
  readonly workers: number | undefined;
}

export async function layerReader(layers: LayersToRead, way: WayOfReading): Promise<LayerReader> {
  const { blobs, kept, isKeeping } = layers;
  const useful = THREADS_FOR_A_LAYER * blobs.length + kept.layers;
  const count = Math.min(readerCount(layers, way), useful, MOST_THREADS);
  const module = threadModule();
  if (count === 0 || module === undefined) {
    return { read: readLayer, pieces: undefined, close: async () => undefined };
  }
  // Loaded when it is wanted: a small image is done before.
  const { WorkerPool } = await import("./workers/pool.ts");
  return new WorkerPool(count, blobs, module, isKeeping);
}

function readerCount({ blobs, kept }: LayersToRead, { inflate, workers }: WayOfReading): number {
  const work = [...blobs, { size: kept.bytes / KEPT_FOR_STORED }];
  const count = workerCount(work, workers);
  if (workers !== undefined || count === 0 || kept.layers > 0) return count;
  const more = count === 2 ? WORTH_MORE_THREADS_ON_TWO_CORES : WORTH_MORE_THREADS;
  return storedBytes(blobs) < more && blobs.every((blob) => inflatesAside(blob, inflate)) ? 0 : count;
}

/** @param workers as many as were asked for; undefined: as many as the machine has cores and the layers are worth */
export function workerCount(layers: Stored, workers: number | undefined): number {
  if (workers !== undefined) return workers;
  const cores = availableParallelism();
  return cores === 1 || storedBytes(layers) < WORTH_THREADS ? 0 : cores;
}
