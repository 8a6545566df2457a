import type { Packer, Packing } from "../filesystem/kind/packing.ts";
import { packBatchFor } from "../filesystem/packing.ts";
import { workerCount } from "./layer-reader.ts";
import { threadModule } from "./workers/thread-module.ts";

/** More hardly ever have something to do: no tar is read that fast. */
const MOST_THREADS = 4;

/** Compresses contents, if any are to be. The result is the same, whichever thread does it. */
export interface ContentPacker {
  readonly packer: Packer | undefined;
  close(): Promise<void>;
}

/** @param workers as of `layerReader`: those that compress are as many again */
export async function contentPacker(
  packing: Packing | undefined,
  layers: readonly { readonly size: number }[],
  workers: number | undefined,
): Promise<ContentPacker> {
  const close = async (): Promise<void> => undefined;
  if (packing === undefined) return { packer: undefined, close };
  const count = Math.min(workerCount(layers, workers), MOST_THREADS);
  const module = threadModule();
  if (count > 0 && module !== undefined) {
    // Loaded when it is wanted: few images are compressed.
    const { PackPool } = await import("./workers/pack-pool.ts");
    const pool = new PackPool(count, packing, module);
    return { packer: pool, close: () => pool.close() };
  }
  const pack = await packBatchFor(packing);
  const packer: Packer = {
    memory: (bytes) => new ArrayBuffer(bytes),
    pack: (memory) => {
      pack(memory);
      return undefined;
    },
  };
  return { packer, close };
}
