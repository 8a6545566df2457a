import { ownBuffer } from "../../memory/chunks.ts";

/** Bytes for another thread, and what goes over to it with them: their buffer if it is all theirs, else a copy. */
export function transferable(bytes: Uint8Array): [bytes: Uint8Array, transfer: ArrayBuffer[]] {
  const buffer = ownBuffer(bytes);
  if (buffer !== undefined) return [bytes, [buffer]];
  const copy = new Uint8Array(bytes);
  return [copy, [copy.buffer]];
}
