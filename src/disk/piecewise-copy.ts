/** Copies with their holes, each piece looked at while it is at hand. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import { inParallel } from "../waiting/parallel.ts";
import { readInto } from "./read-into.ts";
import { SparseCopyTarget } from "./sparse-copy-target.ts";

/** Bytes that have a checksum together. */
const PIECE = 1 << 20;
/** Pieces that are read and written together: to a virtual disk a write of 1 MiB alone costs more for its bytes. */
const TOGETHER = 4;
const GROUP = TOGETHER * PIECE;
/** Groups at hand at once: one is read while others are written. */
const WIDTH = 4;

/** CRC-32 of each MiB of a file, in hexadecimal; empty for one of zeros, which is a hole. */
export type PieceChecksums = readonly string[];

/**
 * Copies a file into a new one; what is zeros becomes holes. Gives the checksums of its pieces, for whoever has them to
 * compare with. Throws the system's errors and the signal's reason.
 */
export async function copyPiecewise(
  from: string,
  to: string,
  mode: number,
  signal?: AbortSignal,
): Promise<PieceChecksums> {
  const source = openSync(from, "r");
  try {
    const target = new SparseCopyTarget(to, mode, fstatSync(source).size, WIDTH * GROUP);
    try {
      return await eachPiece(source, signal, target.memory, (position, bytes) =>
        target.write(position, bytes),
      );
    } finally {
      target.close();
    }
  } finally {
    closeSync(source);
  }
}

/** The same of a file that is only read. */
export async function checkPieces(path: string, signal?: AbortSignal): Promise<PieceChecksums> {
  const file = openSync(path, "r");
  try {
    return await eachPiece(file, signal, new Uint8Array(WIDTH * GROUP), async () => undefined);
  } finally {
    closeSync(file);
  }
}

async function eachPiece(
  file: number,
  signal: AbortSignal | undefined,
  memory: Uint8Array,
  use: (position: number, bytes: Uint8Array) => Promise<void>,
): Promise<PieceChecksums> {
  const { size } = fstatSync(file);
  const checksums: string[] = new Array(Math.ceil(size / PIECE)).fill("");
  const buffers = Array.from({ length: WIDTH }, (_, i) => memory.subarray(i * GROUP, (i + 1) * GROUP));
  // All that was begun ends before a failure is told: the file's number may soon be that of another one.
  await inParallel(startsOfGroups(size), WIDTH, async (position) => {
    signal?.throwIfAborted();
    const buffer = buffers.pop() ?? new Uint8Array(GROUP);
    const bytes = buffer.subarray(0, Math.min(GROUP, size - position));
    await readWhole(file, bytes, position);
    if (putChecksums(bytes, checksums, position / PIECE)) await use(position, bytes);
    buffers.push(buffer);
  });
  return checksums;
}

function* startsOfGroups(size: number): Generator<number> {
  for (let position = 0; position < size; position += GROUP) yield position;
}

/** Puts those of the pieces in `bytes` from `index` on. Returns whether any of these is something else than zeros. */
function putChecksums(bytes: Uint8Array, checksums: string[], index: number): boolean {
  let hasData = false;
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    if (isZero(piece)) continue;
    hasData = true;
    checksums[index + at / PIECE] = crc32(piece).toString(16).padStart(8, "0");
  }
  return hasData;
}

let zeros: Buffer | undefined;

function isZero(bytes: Uint8Array): boolean {
  // Not made where this is loaded, which every conversion does.
  zeros ??= Buffer.alloc(PIECE);
  return Buffer.compare(bytes, zeros.subarray(0, bytes.length)) === 0;
}

async function readWhole(file: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const came = await readInto(file, bytes.subarray(done), bytes.length - done, position + done);
    if (came === 0) throw new Error("the file was cut off while it was read");
    done += came;
  }
}
