/**
 * A stock of chunks, one for each thread. Memory that the system has to find and clear first costs several times what
 * reading or inflating into it does, and left to the garbage collector it piles up; so whoever is the last to have a
 * chunk gives it back. Those that do not only forgo that.
 */

/** Bytes of a chunk: smaller ones cost more turns, larger ones are not faster. */
export const CHUNK_SIZE = 1 << 20;

/** Where whoever makes bytes gets memory for them. */
export interface ChunkMemory {
  /** A chunk of CHUNK_SIZE bytes that hold anything. */
  take(): Uint8Array | Promise<Uint8Array>;
  /** Has back a chunk whose bytes have been used up. */
  giveBack(chunk: Uint8Array): void;
}

const MOST_IN_STOCK = 16;

const stock: Uint8Array[] = [];

/** Memory of its own, of `length` bytes that hold anything. */
export function takeChunk(length: number = CHUNK_SIZE): Uint8Array {
  const chunk = length === CHUNK_SIZE ? stock.pop() : undefined;
  // Clearing it would cost as much as filling it.
  return chunk ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** The stock as such memory. */
export const STOCK: ChunkMemory = { take: () => takeChunk(), giveBack };

/**
 * Takes a chunk, or its beginning, that nobody else knows of any more. Of other memory it lets go if that had its
 * buffer to itself: a garbage collector that runs seldom would keep it for long.
 */
export function giveBack({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength === 0) return;
  const isChunk = byteOffset === 0 && buffer.byteLength === CHUNK_SIZE;
  if (isChunk && stock.length < MOST_IN_STOCK) stock.push(new Uint8Array(buffer));
  else if (isChunk || byteLength === buffer.byteLength) free(buffer);
}

/** ES2024; Node has it from 22 on. */
interface Transferable extends ArrayBuffer {
  transfer?(length: number): ArrayBuffer;
}

/** Where the runtime can: else its garbage collector does. */
function free(buffer: Transferable): void {
  buffer.transfer?.(0);
}
