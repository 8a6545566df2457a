/** Bytes that are to be at a place of the image. */
export interface Write {
  /** The byte of the image at which they begin. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** As many bytes are put together into one write. */
const MOST_TOGETHER = 1 << 20;

/** The same, neighbours put together. */
export function* together(writes: Iterable<Write>): Generator<Write> {
  let position = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const write of writes) {
    if (length > 0 && (write.position !== position + length || length >= MOST_TOGETHER)) {
      yield { position, bytes: joined(parts, length) };
      length = 0;
    }
    if (length === 0) {
      position = write.position;
      parts = [];
    }
    parts.push(write.bytes);
    length += write.bytes.length;
  }
  if (length > 0) yield { position, bytes: joined(parts, length) };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
