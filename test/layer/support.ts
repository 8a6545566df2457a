import { type TarEntry, tarEntries } from "../../src/layer/tar/entries.ts";

/** An entry with its contents read: holes as zeros, and where the pieces lay. */
export interface ReadEntry extends Omit<TarEntry, "data"> {
  readonly data: Buffer;
  /** Offset and length of each stretch that was not a hole. */
  readonly stretches: readonly (readonly [number, number])[];
}

/** Bytes as a stream, in chunks of the given size or sizes (taken in turn). */
export async function* chunked(
  bytes: Uint8Array,
  sizes: number | readonly number[],
): AsyncGenerator<Uint8Array> {
  const list = typeof sizes === "number" ? [sizes] : sizes;
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = list[turn % list.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** All entries of a tar; contents of sparse files only up to 16 MiB. */
export async function readTar(
  bytes: Uint8Array,
  sizes: number | readonly number[] = 1 << 20,
  onWarning?: (message: string) => void,
): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  const context = { layer: "layer 1 (test)", onWarning };
  for await (const { data, ...entry } of tarEntries(chunked(bytes, sizes), context)) {
    const contents = Buffer.alloc(Math.min(entry.size, 1 << 24));
    const stretches: [number, number][] = [];
    for await (const piece of data) {
      contents.set(piece.bytes, piece.offset);
      const last = stretches.at(-1);
      if (last !== undefined && last[0] + last[1] === piece.offset) last[1] += piece.bytes.length;
      else stretches.push([piece.offset, piece.bytes.length]);
    }
    entries.push({ ...entry, data: contents, stretches });
  }
  return entries;
}

/** The one entry of a tar. */
export async function readOne(bytes: Uint8Array, onWarning?: (message: string) => void): Promise<ReadEntry> {
  const [entry, ...others] = await readTar(bytes, 1 << 20, onWarning);
  if (entry === undefined || others.length > 0)
    throw new Error(`${others.length + 1} entries where one should be`);
  return entry;
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
