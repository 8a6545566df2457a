/** The code that compresses contents, for whichever thread does it. */
import type { PackBatch, Packing } from "./kind/packing.ts";

export async function packBatchFor(packing: Packing): Promise<PackBatch> {
  // Loaded only here: most conversions compress nothing.
  const { batchPacker } = await import("./erofs/write/pack-batch.ts");
  return batchPacker(packing);
}
