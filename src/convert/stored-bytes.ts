import { LITTLE } from "../memory/chunks.ts";

/** Layers, or whatever else comes as a stream: of each its stored bytes. */
export type Stored = readonly { readonly size: number }[];

/** Stored bytes of all of them. */
export function storedBytes(layers: Stored): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

/** Whether an image of these layers is made in less time than it takes to prepare for a large one. */
export function isLittle(layers: Stored): boolean {
  return storedBytes(layers) <= LITTLE;
}
