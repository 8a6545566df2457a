/**
 * What the conversion's thread and its layer workers say to each other. One of them hashes and inflates a layer's stored
 * bytes, and the tar that comes out is hashed by the same one, or by another if one is idle: so a single large layer
 * keeps two cores busy. Chunks change hands, and go back when they are used up, to be filled again: memory that is
 * touched for the first time costs as much as what is done with it. Jobs are told apart by `id`.
 */
import type { MessagePort } from "node:worker_threads";
import { Docker2vmError, type ErrorCode } from "../../errors.ts";
import type { InflateChoice } from "../../layer/decompress.ts";
import type { DiffIdState, LayerBlob } from "../../layer/layer-stream.ts";

export type ToWorker = ToInflater | ToHasher | { readonly type: "exit" };

export type ToInflater =
  | {
      readonly type: "inflate";
      readonly id: number;
      readonly blob: Omit<LayerBlob, "open">;
      readonly inflate: InflateChoice;
      /** Takes TarChunks, hashes them and sends the tar on; without it the inflater does both. */
      readonly hasher: MessagePort | undefined;
    }
  /** Stored bytes, in answer to "read"; undefined at their end. */
  | { readonly type: "stored"; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** In answer to "read": there are no more, for this reason. */
  | { readonly type: "unreadable"; readonly id: number; readonly error: SentError }
  /** The reader of the tar gave up for this reason: the layer fails with it, or with what a better look at its blob finds. */
  | { readonly type: "rejected"; readonly id: number; readonly error: SentError }
  /** In answer to "tar": the chunk is used up, and its memory free. */
  | { readonly type: "used"; readonly id: number; readonly chunk: Uint8Array | undefined }
  /** Nobody wants it any more. */
  | { readonly type: "stop"; readonly id: number };

export type ToHasher =
  | {
      readonly type: "hash";
      readonly id: number;
      readonly blob: Omit<LayerBlob, "open">;
      readonly inflater: MessagePort;
    }
  | { readonly type: "drop"; readonly id: number };

export type FromWorker =
  /** With a chunk that is used up, whose memory is free. */
  | { readonly type: "read"; readonly id: number; readonly spent: Uint8Array | undefined }
  | { readonly type: "warning"; readonly id: number; readonly message: string }
  /** Bytes of the uncompressed tar; undefined at its end, when its diff_id has held. */
  | { readonly type: "tar"; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** Every check has held. */
  | { readonly type: "done"; readonly id: number }
  /** Without an error of its own: the reader's own reason is the best there is. */
  | { readonly type: "failed"; readonly id: number; readonly error: SentError | undefined };

/** From the one worker of a layer to the other. */
export interface TarChunk extends DiffIdState {
  /** Undefined at the end. */
  readonly bytes: Uint8Array | undefined;
}

/** An error as plain values: what is said of it to the user survives the way between threads. */
export interface SentError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
  readonly cause: SentError | undefined;
}

export function sendable(error: unknown): SentError {
  if (!(error instanceof Error)) {
    return { code: undefined, message: String(error), hint: undefined, stack: undefined, cause: undefined };
  }
  const own = error instanceof Docker2vmError ? error : undefined;
  const cause = error.cause === undefined ? undefined : sendable(error.cause);
  return { code: own?.code, hint: own?.hint, message: error.message, stack: error.stack, cause };
}

export function received({ code, message, hint, stack, cause }: SentError): Error {
  const details = cause === undefined ? {} : { cause: received(cause) };
  const error =
    code === undefined
      ? new Error(message, details)
      : new Docker2vmError(code, message, { hint, ...details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
