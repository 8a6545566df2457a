/**
 * What the conversion's thread and its layer workers say to each other. One of them hashes and inflates a layer's
 * stored bytes; the tar that comes out is hashed by the same one or by another, and read by the conversion's. Of a layer
 * that is kept, one reads and checks the file. All those bytes go through rings of memory that the threads share
 * (ring.ts); messages only say what is rare. Jobs are told apart by `id`.
 */
import { DamagedFileError } from "../../cache/checked-file.ts";
import { Docker2vmError, type ErrorCode } from "../../errors.ts";
import type { BatchMemory, Packing } from "../../filesystem/kind/packing.ts";
import type { InflateChoice } from "../../layer/decompress.ts";
import type { LayerBlob } from "../../source/source.ts";

export type ToWorker =
  | ToInflater
  | ToHasher
  | ToPieceReader
  | ToPacker
  /** Nobody wants what this one hashes or reads. */
  | { readonly type: "drop"; readonly id: number }
  | { readonly type: "exit" };

export type ToInflater =
  | {
      readonly type: "inflate";
      readonly id: number;
      readonly blob: Omit<LayerBlob, "open">;
      readonly inflate: InflateChoice;
      /** Rings: of the stored bytes, unless the blob has a place to be read at, and of the tar, which it writes. */
      readonly stored: SharedArrayBuffer;
      readonly tar: SharedArrayBuffer;
      /** Whether the tar has a second reader, which hashes it. */
      readonly isHashedElsewhere: boolean;
    }
  /** Why the ring of stored bytes is broken. */
  | { readonly type: "unreadable"; readonly id: number; readonly error: SentError }
  /** The tar's reader gave up for this reason: that is the layer's, unless a look at its blob finds a better one. */
  | { readonly type: "rejected"; readonly id: number; readonly error: SentError }
  /** Nobody wants it any more. */
  | { readonly type: "stop"; readonly id: number };

export interface ToHasher {
  readonly type: "hash";
  readonly id: number;
  readonly blob: Omit<LayerBlob, "open">;
  readonly tar: SharedArrayBuffer;
}

/** Read and check the file of a kept layer. */
export interface ToPieceReader {
  readonly type: "pieces";
  readonly id: number;
  /** Open until "read" or "failed" is heard. */
  readonly fd: number;
  /** The file's, which its checksums begin with. */
  readonly name: string;
  /** The ring that takes the pieces, a piece to a slot. */
  readonly pieces: SharedArrayBuffer;
}

/** Compress what is in a batch. */
export interface ToPacker {
  readonly type: "pack";
  readonly id: number;
  readonly packing: Packing;
  readonly memory: BatchMemory;
}

export type FromWorker =
  | { readonly type: "warning"; readonly id: number; readonly message: string }
  /** So many stored bytes more were read at the blob's place. */
  | { readonly type: "stored"; readonly id: number; readonly bytes: number }
  /** All of the tar is in its ring, and every check of who inflated it has held. */
  | { readonly type: "inflated"; readonly id: number }
  /** The tar's diff_id has held. */
  | { readonly type: "hashed"; readonly id: number }
  /** The file of a kept layer is not read any more. */
  | { readonly type: "read"; readonly id: number }
  /** The batch is compressed. */
  | { readonly type: "packed"; readonly id: number }
  /** Without an error of its own: the reader's own reason is the best there is. */
  | { readonly type: "failed"; readonly id: number; readonly error: SentError | undefined };

/** An error as plain values: what is said of it to the user survives the way between threads. */
export interface SentError {
  readonly code: ErrorCode | undefined;
  /** Whether it is the damage of a file in the cache: a DamagedFileError. */
  readonly isDamage: boolean;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
  readonly cause: SentError | undefined;
}

export function sendable(error: unknown): SentError {
  if (!(error instanceof Error)) {
    const [code, hint, stack, cause] = [undefined, undefined, undefined, undefined];
    return { code, isDamage: false, message: String(error), hint, stack, cause };
  }
  const own = error instanceof Docker2vmError ? error : undefined;
  const cause = error.cause === undefined ? undefined : sendable(error.cause);
  const isDamage = error instanceof DamagedFileError;
  return { code: own?.code, isDamage, hint: own?.hint, message: error.message, stack: error.stack, cause };
}

export function received({ code, isDamage, message, hint, stack, cause }: SentError): Error {
  const details = cause === undefined ? {} : { cause: received(cause) };
  const Plain = isDamage ? DamagedFileError : Error;
  const error =
    code === undefined
      ? new Plain(message, details)
      : new Docker2vmError(code, message, { hint, ...details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
