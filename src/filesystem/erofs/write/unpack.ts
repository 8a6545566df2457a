import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import type { Cluster } from "../../../blocks/space.ts";
import { assert } from "../../../errors.ts";
import { decompressBlock } from "../lz4/decompress.ts";

/** Fills `bytes` with the contents of a file whose stored blocks, in its order, are `stored`: all was made here. */
export function unpackClusters(clusters: readonly Cluster[], stored: Uint8Array, bytes: Uint8Array): void {
  let from = 0;
  let at = 0;
  for (const cluster of clusters) {
    const input = stored.subarray(from, from + cluster.stored * BLOCK_SIZE);
    const output = bytes.subarray(at, at + cluster.blocks * BLOCK_SIZE);
    if (cluster.stored === cluster.blocks) output.set(input.subarray(0, output.length));
    else {
      const start = input.findIndex((byte) => byte !== 0);
      const size = start < 0 ? undefined : decompressBlock(input.subarray(start), output);
      assert(size === output.length, "what was compressed here does not decompress");
    }
    from += input.length;
    at += output.length;
  }
}
