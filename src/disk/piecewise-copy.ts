/** Copies with their holes, each piece hashed while it is at hand. */
import { webcrypto } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import { inParallel } from "../waiting/parallel.ts";
import { readInto } from "./read-into.ts";
import { writeSparse } from "./write-sparse.ts";

/** Bytes that are hashed as one. */
const PIECE = 4 << 20;
/** Pieces at hand at once: one is read while threads hash the others. */
const WIDTH = 3;

/** sha256 of each 4 MiB of a file, hex; empty for a piece of zeros, which takes longer to hash than to compare. */
export type PieceDigests = readonly string[];

/**
 * Copies a file into a new one; what is zeros becomes holes. Gives the digests of its pieces, for whoever has them to
 * compare with. Throws the system's errors and the signal's reason.
 */
export async function copyPiecewise(
  from: string,
  to: string,
  mode: number,
  signal?: AbortSignal,
): Promise<PieceDigests> {
  const source = openSync(from, "r");
  try {
    const target = openSync(to, "wx", mode);
    try {
      ftruncateSync(target, fstatSync(source).size);
      return await eachPiece(source, signal, (position, bytes) => writeSparse(target, position, bytes));
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** The same of a file that is only read. */
export async function digestPieces(path: string, signal?: AbortSignal): Promise<PieceDigests> {
  const file = openSync(path, "r");
  try {
    return await eachPiece(file, signal, () => undefined);
  } finally {
    closeSync(file);
  }
}

async function eachPiece(
  file: number,
  signal: AbortSignal | undefined,
  use: (position: number, bytes: Uint8Array) => void,
): Promise<PieceDigests> {
  const { size } = fstatSync(file);
  const digests: string[] = new Array(Math.ceil(size / PIECE)).fill("");
  const buffers: Buffer[] = [];
  // All that was begun ends before a failure is told: the file's number may soon be that of another one.
  await inParallel(digests.keys(), WIDTH, async (index) => {
    signal?.throwIfAborted();
    const buffer = buffers.pop() ?? Buffer.allocUnsafe(Math.min(PIECE, size));
    const position = index * PIECE;
    const bytes = buffer.subarray(0, Math.min(PIECE, size - position));
    await readWhole(file, bytes, position);
    if (!isZero(bytes)) {
      const hashing = webcrypto.subtle.digest("SHA-256", bytes);
      use(position, bytes);
      digests[index] = Buffer.from(await hashing).toString("hex");
    }
    buffers.push(buffer);
  });
  return digests;
}

let zeros: Buffer | undefined;

function isZero(bytes: Buffer): boolean {
  // Not made where this is loaded, which every conversion does.
  zeros ??= Buffer.alloc(PIECE);
  return bytes.equals(zeros.subarray(0, bytes.length));
}

async function readWhole(file: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const came = await readInto(file, bytes.subarray(done), bytes.length - done, position + done);
    if (came === 0) throw new Error("the file was cut off while it was read");
    done += came;
  }
}
