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
  /** Without an error of its own: the reason that the conversion's thread has given is the best there is. */
  | { readonly type: "failed"; readonly id: number; readonly error: SentError | undefined };

/** An error as plain values: all that is said of it survives the way between threads. */
export interface SentError {
  /** Of this program's errors alone. */
  readonly code: ErrorCode | undefined;
  /** Whether it is the damage of a file in the cache: a DamagedFileError. */
  readonly isDamage: boolean;
  readonly name: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly output: readonly string[];
  /** What the system's errors have of their own: code ("ENOSPC"), errno, syscall, path. */
  readonly system: Readonly<Record<string, string | number>>;
  readonly stack: string | undefined;
  readonly cause: SentError | undefined;
  /** Of an AggregateError. */
  readonly errors: readonly SentError[] | undefined;
}

const PLAIN: Omit<SentError, "message"> = {
  code: undefined,
  isDamage: false,
  name: "Error",
  hint: undefined,
  output: [],
  system: {},
  stack: undefined,
  cause: undefined,
  errors: undefined,
};

export function sendable(error: unknown): SentError {
  return sendableBelow(error, []);
}

/** @param above whose cause it is, and theirs: a chain of causes may be a ring, and ends where it comes round */
function sendableBelow(error: unknown, above: readonly unknown[]): SentError {
  if (!(error instanceof Error)) return { ...PLAIN, message: String(error) };
  const { name, message, stack } = error;
  const chain = [...above, error];
  const below = (other: unknown): SentError | undefined =>
    other === undefined || chain.includes(other) ? undefined : sendableBelow(other, chain);
  const cause = below(error.cause);
  if (error instanceof Docker2vmError) {
    const { code, hint, output } = error;
    return { ...PLAIN, code, name, message, hint, output, stack, cause };
  }
  const isDamage = error instanceof DamagedFileError;
  const errors =
    error instanceof AggregateError ? error.errors.flatMap((each) => below(each) ?? []) : undefined;
  return { ...PLAIN, isDamage, name, message, system: systemFields(error), stack, cause, errors };
}

const SYSTEM_FIELDS: readonly string[] = ["code", "errno", "syscall", "path"];

function systemFields(error: Error): SentError["system"] {
  const fields = Object.entries(error).filter(
    ([name, value]) => SYSTEM_FIELDS.includes(name) && ["string", "number"].includes(typeof value),
  );
  return Object.fromEntries(fields);
}

export function received(sent: SentError): Error {
  const error = made(sent);
  if (error.name !== sent.name) error.name = sent.name;
  if (sent.stack !== undefined) error.stack = sent.stack;
  return Object.assign(error, sent.system);
}

function made({ code, isDamage, message, hint, output, cause, errors }: SentError): Error {
  const details = cause === undefined ? {} : { cause: received(cause) };
  if (code !== undefined) return new Docker2vmError(code, message, { hint, output, ...details });
  if (errors !== undefined) return new AggregateError(errors.map(received), message, details);
  return isDamage ? new DamagedFileError(message, details) : new Error(message, details);
}
