import type { Filesystem, TypedInode } from "./filesystem.ts";

const ZEROS = new Uint8Array(2 ** 20);

/** All bytes of a file in order, holes as zeros, in pieces of up to 1 MiB that are only to be read. */
export function* filledContents(filesystem: Filesystem, file: TypedInode): Generator<Uint8Array, void> {
  let at = 0;
  for (const { offset, bytes } of filesystem.read(file)) {
    yield* zeros(offset - at);
    yield bytes;
    at = offset + bytes.length;
  }
  yield* zeros(file.size - at);
}

function* zeros(count: number): Generator<Uint8Array, void> {
  for (let left = count; left > 0; left -= ZEROS.length)
    yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
}
