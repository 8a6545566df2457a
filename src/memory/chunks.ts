/**
 * A stock of chunks, one for each thread. Memory that the system has to find and clear first costs several times what
 * reading or inflating into it does, and left to the garbage collector it piles up; so whoever is the last to have a
 * chunk gives it back. Those that do not only forgo that.
 */

/** Bytes of a chunk: smaller ones cost more turns, larger ones are not faster. */
export const CHUNK_SIZE = 1 << 20;

const MOST_IN_STOCK = 16;

const stock: Uint8Array[] = [];

/** Memory of its own, of `length` bytes that hold anything. */
export function takeChunk(length: number = CHUNK_SIZE): Uint8Array {
  const chunk = length === CHUNK_SIZE ? stock.pop() : undefined;
  return chunk ?? new Uint8Array(length);
}

/**
 * The buffer of bytes that have it to themselves: all of it, or the beginning of a chunk. Undefined for a part of
 * something: others may look at the rest.
 */
export function ownBuffer({ buffer, byteOffset, length }: Uint8Array): ArrayBuffer | undefined {
  const isOwn = byteOffset === 0 && (buffer.byteLength === length || buffer.byteLength === CHUNK_SIZE);
  return isOwn && buffer instanceof ArrayBuffer ? buffer : undefined;
}

/** Takes memory that nobody else knows of any more; a part of something, and what is in another thread now, it leaves. */
export function giveBack(bytes: Uint8Array): void {
  const buffer = ownBuffer(bytes);
  if (buffer === undefined || buffer.byteLength === 0) return;
  if (buffer.byteLength === CHUNK_SIZE && stock.length < MOST_IN_STOCK) stock.push(new Uint8Array(buffer));
  else free(buffer);
}

/** ES2024; Node has it from 22 on. */
interface Transferable extends ArrayBuffer {
  transfer?(length: number): ArrayBuffer;
}

/** Where the runtime can: else its garbage collector does. */
function free(buffer: Transferable): void {
  buffer.transfer?.(0);
}
