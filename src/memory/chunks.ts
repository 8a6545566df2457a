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

/** Takes memory that nobody else knows of any more; what is gone to another thread, or part of something, stays so. */
export function giveBack(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (chunk.length === 0 || buffer.byteLength !== chunk.length || !(buffer instanceof ArrayBuffer)) return;
  if (chunk.length === CHUNK_SIZE && stock.length < MOST_IN_STOCK) stock.push(chunk);
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
