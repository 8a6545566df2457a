/**
 * Stocks of chunks, for each thread its own. Memory that the system has to find and clear first costs several times what
 * reading or inflating into it does, and left to the garbage collector it piles up; so whoever is the last to have a
 * chunk gives it back. Those that do not only forgo that.
 */

/** Bytes of a chunk: smaller ones cost more turns, larger ones are not faster. */
export const CHUNK_SIZE = 1 << 20;

/** Bytes of a small one, for what is little. */
export const SMALL_CHUNK_SIZE = CHUNK_SIZE / 4;

/**
 * Bytes, as they are stored, that are little: Bun collects garbage for each 8 MiB of memory that are taken, which is half
 * of what so small an image takes at all.
 */
export const LITTLE = 8 << 20;

/** Where whoever makes bytes gets memory for them. */
export interface ChunkMemory {
  /** A chunk of bytes that hold anything, each time of the same length. */
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

/** A stock as such memory. */
export interface Stock extends ChunkMemory {
  readonly isStock: true;
  take(): Uint8Array;
}

/** The stock of chunks. */
export const STOCK: Stock = { isStock: true, take: () => takeChunk(), giveBack };
const SMALL_STOCK: Stock = { isStock: true, take: () => takeChunk(SMALL_CHUNK_SIZE), giveBack };

/** The stock of what so many bytes, as they are stored, are inflated to. */
export function stockFor(stored: number): Stock {
  return stored > LITTLE ? STOCK : SMALL_STOCK;
}

/** Whether the memory is this thread's own. */
export function isStock(memory: ChunkMemory): memory is Stock {
  return "isStock" in memory;
}

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
