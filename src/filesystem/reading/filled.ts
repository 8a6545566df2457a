import type { Paused } from "../../waiting/steps.ts";
import type { ReadableFilesystem, TypedInode } from "./filesystem.ts";

const ZEROS = new Uint8Array(2 ** 20);

/** All bytes of a file in order, holes as zeros, in pieces of up to 1 MiB that are only to be read. */
export function* filledContents(filesystem: ReadableFilesystem, file: TypedInode): Paused<Uint8Array> {
  let at = 0;
  for (const piece of filesystem.read(file)) {
    if (piece === undefined) {
      yield;
      continue;
    }
    const { offset, bytes } = piece;
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
