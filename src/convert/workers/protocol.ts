/** What the conversion's thread and its layer workers say to each other. Jobs are told apart by `id`. */
import { Docker2vmError, type ErrorCode } from "../../errors.ts";
import type { InflateChoice } from "../../layer/decompress.ts";
import type { LayerBlob } from "../../layer/layer-stream.ts";

export type ToWorker =
  | {
      readonly type: "start";
      readonly id: number;
      readonly blob: Omit<LayerBlob, "open">;
      readonly inflate: InflateChoice;
    }
  /** Stored bytes, in answer to "read"; undefined at their end. */
  | { readonly type: "stored"; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** In answer to "read": there are no more, for this reason. */
  | { readonly type: "unreadable"; readonly id: number; readonly error: SentError }
  /** In answer to "tar": the bytes are used up. */
  | { readonly type: "used"; readonly id: number }
  /** The reader of the tar gave up for this reason: the layer fails with it, or with what a better look at its blob finds. */
  | { readonly type: "rejected"; readonly id: number; readonly error: SentError }
  /** The whole conversion is over. */
  | { readonly type: "stop"; readonly id: number }
  | { readonly type: "exit" };

export type FromWorker =
  | { readonly type: "read"; readonly id: number }
  /** Bytes of the uncompressed tar; undefined at its end. */
  | { readonly type: "tar"; readonly id: number; readonly bytes: Uint8Array | undefined }
  | { readonly type: "warning"; readonly id: number; readonly message: string }
  /** Every check has held. */
  | { readonly type: "done"; readonly id: number }
  /** Without an error of its own: the reader's own reason is the best there is. */
  | { readonly type: "failed"; readonly id: number; readonly error: SentError | undefined };

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
