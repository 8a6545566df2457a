/** Files in pieces, and what pieces are stored as. */
import { closeSync, openSync } from "node:fs";
import { gzip } from "node:zlib";
import { readInto } from "../disk/read-into.ts";
import { Docker2vmError, reasonOf } from "../errors.ts";
import { CHUNK_BYTES, isCompressed, LAYER_TYPES } from "./format.ts";
import type { ResultFile } from "./result-files.ts";

/** Pressing harder takes twice as long and saves a tenth. */
const GZIP_LEVEL = 1;
/** Bytes that are asked whether they are zeros at once. */
const ZEROS = Buffer.alloc(1 << 20);

/** Where a piece lies. */
export interface Place {
  readonly file: ResultFile;
  readonly offset: number;
  readonly size: number;
}

/** Every piece of the files, in order. */
export function* placesOf(files: readonly ResultFile[]): Generator<Place> {
  for (const file of files) {
    for (let offset = 0; offset < file.size; offset += CHUNK_BYTES) {
      yield { file, offset, size: Math.min(CHUNK_BYTES, file.size - offset) };
    }
  }
}

/** The bytes of a piece. Throws E_IO, also where the file has become shorter. */
export async function readPlace({ file, offset, size }: Place): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(size);
  try {
    const fd = openSync(file.path, "r");
    try {
      for (let done = 0; done < size; ) {
        const came = await readInto(fd, bytes.subarray(done), size - done, offset + done);
        if (came === 0) throw new Error(`it ends at byte ${offset + done}, where ${file.size} were`);
        done += came;
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new Docker2vmError("E_IO", `cannot read ${file.path}: ${reasonOf(error)}`, { cause: error });
  }
  return bytes;
}

export function isZeros(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (Buffer.compare(part, ZEROS.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}

/** What the bytes of a piece are stored as. */
export function store(bytes: Uint8Array, { file }: Place): Promise<Uint8Array> {
  if (!isCompressed(LAYER_TYPES[file.kind])) return Promise.resolve(bytes);
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: GZIP_LEVEL }, (error, stored) => (error === null ? resolve(stored) : reject(error)));
  });
}
