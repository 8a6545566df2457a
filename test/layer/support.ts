import { type TarEntry, type TarPart, tarParts } from "../../src/layer/tar/entries.ts";

/** An entry with its contents read: holes as zeros, and where the pieces lay. */
export interface ReadEntry extends TarEntry {
  readonly data: Buffer;
  /** Offset and length of each stretch that was not a hole. */
  readonly stretches: readonly (readonly [number, number])[];
}

/** Bytes as a stream, in chunks of the given size or sizes (taken in turn) that are the reader's own. */
export async function* chunked(
  bytes: Uint8Array,
  sizes: number | readonly number[],
): AsyncGenerator<Uint8Array> {
  const list = typeof sizes === "number" ? [sizes] : sizes;
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = list[turn % list.length] ?? 1;
    yield Uint8Array.from(bytes.subarray(at, at + size));
    at += size;
  }
}

/** All entries of a tar; contents of sparse files only up to 16 MiB. */
export async function readTar(
  bytes: Uint8Array,
  sizes: number | readonly number[] = 1 << 20,
  onWarning?: (message: string) => void,
): Promise<ReadEntry[]> {
  const entries: (Omit<ReadEntry, "stretches"> & { stretches: [number, number][] })[] = [];
  for await (const part of parts(chunked(bytes, sizes), { layer: "layer 1 (test)", onWarning })) {
    if (part.kind === "entry") {
      entries.push({ ...part.entry, data: Buffer.alloc(Math.min(part.entry.size, 1 << 24)), stretches: [] });
      continue;
    }
    const entry = entries.at(-1);
    if (entry === undefined) throw new Error("contents came before any entry");
    entry.data.set(part.bytes, part.offset);
    const last = entry.stretches.at(-1);
    if (last !== undefined && last[0] + last[1] === part.offset) last[1] += part.bytes.length;
    else entry.stretches.push([part.offset, part.bytes.length]);
  }
  return entries;
}

/** What a tar is made of, one part after the other. */
export async function* parts(
  chunks: AsyncIterable<Uint8Array>,
  context: Parameters<typeof tarParts>[1],
): AsyncGenerator<TarPart> {
  for await (const list of tarParts(chunks, context)) yield* list;
}

/** The entries of a tar without their contents. */
export async function* entriesOf(
  chunks: AsyncIterable<Uint8Array>,
  context: Parameters<typeof tarParts>[1],
): AsyncGenerator<TarEntry> {
  for await (const part of parts(chunks, context)) if (part.kind === "entry") yield part.entry;
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
