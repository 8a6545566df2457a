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
