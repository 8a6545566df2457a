/** Names in the order of their hashes, as directories keep them that are searched by hash. */
import type { Steps } from "../../waiting/steps.ts";

/** Names that are hashed without a pause. */
const NAMES_PER_STEP = 2 ** 12;

/** The hashes of so many names. */
export function* hashesOf(count: number, hashAt: (i: number) => number): Steps<Uint32Array> {
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    hashes[i] = hashAt(i);
    if (i % NAMES_PER_STEP === 0) yield;
  }
  return hashes;
}

/** Places of the hashes in ascending order; equal ones stay in order. A radix sort: linear, and any count. */
export function orderByHash(hashes: Uint32Array): Uint32Array {
  let order = new Uint32Array(hashes.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let sorted = new Uint32Array(hashes.length);
  const counts = new Uint32Array(257);
  for (let shift = 0; shift < 32; shift += 8) {
    counts.fill(0);
    for (const hash of hashes) increment(counts, ((hash >>> shift) & 0xff) + 1);
    for (let digit = 0; digit < 256; digit++)
      counts[digit + 1] = (counts[digit + 1] ?? 0) + (counts[digit] ?? 0);
    for (const entry of order) sorted[increment(counts, ((hashes[entry] ?? 0) >>> shift) & 0xff)] = entry;
    [order, sorted] = [sorted, order];
  }
  return order;
}

/** Adds 1 to a count and returns what it was. */
function increment(counts: Uint32Array, i: number): number {
  const count = counts[i] ?? 0;
  counts[i] = count + 1;
  return count;
}
