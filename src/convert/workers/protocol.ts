/** What the conversion's thread and its layer workers say to each other. Jobs are told apart by `id`. */
import { Docker2vmError, type ErrorCode } from "../../errors.ts";
import type { InflateChoice } from "../../layer/decompress.ts";
import type { LayerBlob } from "../../layer/layer-stream.ts";
import type { Run } from "../../output/blocks.ts";

export interface WorkerSetup {
  /** The image that contents are written to. */
  readonly imagePath: string;
}

export type ToWorker =
  | {
      readonly type: "start";
      readonly id: number;
      readonly blob: Omit<LayerBlob, "open">;
      readonly inflate: InflateChoice;
    }
  /** Stored bytes, in answer to "read"; undefined at their end. */
  | { readonly type: "chunk"; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** In answer to "take". */
  | { readonly type: "arena"; readonly id: number; readonly runs: readonly Run[] }
  /** In answer to "entries", once they are in the tree. */
  | { readonly type: "delivered"; readonly id: number }
  /** In answer to any of these: the layer fails with this error, or with what a better look at its blob finds. */
  | { readonly type: "refused"; readonly id: number; readonly question: Question; readonly error: SentError }
  /** The whole conversion is over. */
  | { readonly type: "stop"; readonly id: number }
  | { readonly type: "exit" };

export type Question = "read" | "take" | "entries";

export type FromWorker =
  | { readonly type: "read"; readonly id: number }
  | { readonly type: "take"; readonly id: number }
  | { readonly type: "entries"; readonly id: number; readonly batch: string }
  | { readonly type: "warning"; readonly id: number; readonly message: string }
  | { readonly type: "done"; readonly id: number; readonly written: readonly Run[] }
  | { readonly type: "failed"; readonly id: number; readonly error: SentError };

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
