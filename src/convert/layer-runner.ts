import { availableParallelism } from "node:os";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { Run } from "../output/blocks.ts";
import type { ImageFile } from "../output/image-file.ts";
import type { LayerBlob } from "../source/source.ts";
import { type LayerJob, runLayer } from "./layer-job.ts";
import { WorkerPool } from "./workers/pool.ts";

/** Who brings layers in. The result is the same, whoever does. */
export interface LayerRunner {
  run(job: Omit<LayerJob, "sink" | "delivered">): Promise<readonly Run[]>;
  close(): Promise<void>;
}

/** Stored bytes that are done before threads would have started. */
const WORTH_THREADS = 16 << 20;

/** @param workers threads; undefined: as many as the machine has cores and the layers are worth, 0: this one only */
export function layerRunner(
  layers: readonly LayerBlob[],
  image: ImageFile,
  workers: number | undefined,
): LayerRunner {
  const count = Math.min(workers ?? worthwhileWorkers(layers), layers.length, STREAMS_IN_FLIGHT);
  if (count > 0) return new WorkerPool(count, image.path);
  return { run: (job) => runLayer({ ...job, sink: image }), close: async () => undefined };
}

function worthwhileWorkers(layers: readonly LayerBlob[]): number {
  const stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  const cores = availableParallelism();
  return cores === 1 || stored < WORTH_THREADS ? 0 : cores;
}
