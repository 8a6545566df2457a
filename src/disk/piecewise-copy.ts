/** Copies with their holes, each piece looked at while it is at hand. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import { inParallel } from "../waiting/parallel.ts";
import { readInto } from "./read-into.ts";
import { SparseCopyTarget } from "./sparse-copy-target.ts";

/** Bytes that have a checksum together. */
const PIECE = 1 << 20;
/** Pieces at hand at once: one is read while others are written. */
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
    const target = new SparseCopyTarget(to, mode, fstatSync(source).size, WIDTH * PIECE);
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
    return await eachPiece(file, signal, new Uint8Array(WIDTH * PIECE), async () => undefined);
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
  const buffers = Array.from({ length: WIDTH }, (_, i) => memory.subarray(i * PIECE, (i + 1) * PIECE));
  // All that was begun ends before a failure is told: the file's number may soon be that of another one.
  await inParallel(checksums.keys(), WIDTH, async (index) => {
    signal?.throwIfAborted();
    const buffer = buffers.pop() ?? new Uint8Array(PIECE);
    const position = index * PIECE;
    const bytes = buffer.subarray(0, Math.min(PIECE, size - position));
    await readWhole(file, bytes, position);
    if (!isZero(bytes)) {
      checksums[index] = crc32(bytes).toString(16).padStart(8, "0");
      await use(position, bytes);
    }
    buffers.push(buffer);
  });
  return checksums;
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
