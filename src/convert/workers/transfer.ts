/**
 * Bytes for another thread, and what goes over to it with them. A whole buffer changes hands; a part of one is copied,
 * for others may look at the rest.
 */
export function transferable(bytes: Uint8Array): [bytes: Uint8Array, transfer: ArrayBuffer[]] {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) return [bytes, [buffer]];
  const copy = new Uint8Array(bytes);
  return [copy, [copy.buffer]];
}

/** ES2024; Node has it from 22 on. */
interface Transferable extends ArrayBuffer {
  transfer?(length: number): ArrayBuffer;
}

/**
 * Frees the memory of a whole buffer that nobody uses any more, where the runtime can: until its garbage is collected,
 * hundreds of megabytes of such buffers would pile up, each of them fresh memory.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) (buffer as Transferable).transfer?.(0);
}
