/**
 * Stocks of chunks, for each thread its own. Memory that the system has to find and clear first costs several times what
 * reading or inflating into it does, and left to the garbage collector it piles up; so whoever is the last to have a
 * chunk gives it back. Those that do not only forgo that.
 */

/** Bytes of a chunk: smaller ones cost more turns, larger ones are not faster. */
export const CHUNK_SIZE = 1 << 20;

/**
 * Bytes of a small one: for what comes in few chunks, or is made while the last one is read. Bun collects garbage for
 * each 8 MiB of memory that are taken, which is half of what a small image takes at all.
 */
export const SMALL_CHUNK_SIZE = CHUNK_SIZE / 4;

/** Where whoever makes bytes gets memory for them. */
export interface ChunkMemory {
  /** A chunk of CHUNK_SIZE bytes that hold anything. */
  take(): Uint8Array | Promise<Uint8Array>;
  /** Has back a chunk whose bytes have been used up. */
  giveBack(chunk: Uint8Array): void;
}

const MOST_IN_STOCK = 16;

const stock: Uint8Array[] = [];
const smallStock: Uint8Array[] = [];
/** Buffers of small chunks: others have some of that length too, and may give back a part of one. */
const small = new WeakSet<ArrayBufferLike>();

/** Memory of its own, of `length` bytes that hold anything; used again if it is a chunk or a small one. */
export function takeChunk(length: number = CHUNK_SIZE): Uint8Array {
  if (length === SMALL_CHUNK_SIZE) return takeSmall();
  const chunk = length === CHUNK_SIZE ? stock.pop() : undefined;
  return chunk ?? fresh(length);
}

function takeSmall(): Uint8Array {
  const chunk = smallStock.pop() ?? fresh(SMALL_CHUNK_SIZE);
  small.add(chunk.buffer);
  return chunk;
}

function fresh(length: number): Uint8Array {
  // Clearing it would cost as much as filling it.
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** The stock as such memory. */
export const STOCK: ChunkMemory = { take: () => takeChunk(), giveBack };

/**
 * Takes a chunk, or its beginning, that nobody else knows of any more. Of other memory it lets go if that had its
 * buffer to itself: a garbage collector that runs seldom would keep it for long.
 */
export function giveBack({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength === 0) return;
  const isSmall = byteOffset === 0 && small.has(buffer);
  const isChunk = isSmall || (byteOffset === 0 && buffer.byteLength === CHUNK_SIZE);
  const fitting = isSmall ? smallStock : stock;
  if (isChunk && fitting.length < MOST_IN_STOCK) fitting.push(new Uint8Array(buffer));
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
