/** A file on its way into a kept result, and out of it again. */
import { lstat } from "node:fs/promises";
import { cloneFile } from "../disk/clone-file.ts";
import { checkPieces, copyPiecewise } from "../disk/piecewise-copy.ts";
import type { KeptFile } from "./result-document.ts";

/** Bytes beyond which a file is only ever cloned: a copy reads its holes, too. */
const COPY_LIMIT = 16 * 2 ** 30;
/** Of files in a cache: they are the user's alone. */
const MODE = 0o600;

/**
 * What the system keeps of a file that no write to it leaves as it is: its number, length and times. The time of the
 * inode's change is nobody's to set, so while it is the same, the bytes are. `changed` is that time, in nanoseconds.
 */
export async function stampOf(path: string): Promise<{ readonly stamp: string; readonly changed: bigint }> {
  const { ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
  return { stamp: [ino, size, mtimeNs, ctimeNs].join("-"), changed: ctimeNs };
}

/** A file that was brought somewhere; `checksums` where its bytes were read for that. */
export interface Brought {
  readonly checksums: readonly string[] | undefined;
}

/**
 * Takes a file that nobody changes meanwhile into a new one of the cache's: as a clone or, where `copies` are wanted,
 * as a copy. Undefined where it would have to be copied and is not. Throws the system's errors and the signal's reason.
 */
export async function takeIn(
  from: string,
  to: string,
  { copies, signal }: { readonly copies: boolean; readonly signal: AbortSignal },
): Promise<Brought | undefined> {
  if (await cloneFile(from, to, MODE)) return { checksums: undefined };
  if (!copies || (await lstat(from)).size > COPY_LIMIT) return undefined;
  return { checksums: await copyPiecewise(from, to, MODE, signal) };
}

/**
 * Brings a kept file to a new place. False where it is not as it was when it was kept; what is at the new place then is
 * to be thrown away. Throws the system's errors and the signal's reason.
 */
export async function bringOut(
  from: string,
  file: KeptFile,
  to: string,
  mode: number,
  signal: AbortSignal,
): Promise<boolean> {
  const holds = async (): Promise<boolean> =>
    file.stamp !== undefined && (await stampOf(from)).stamp === file.stamp;
  if (!(await isFileOf(from, file.size))) return false;
  const trusted = await holds();
  // Asked once more: what was written to it meanwhile is in the clone as well.
  if (trusted && (await cloneFile(from, to, mode))) return holds();
  if (!trusted && file.checksums === undefined) return false;
  const checksums = await copyPiecewise(from, to, mode, signal);
  return file.checksums === undefined ? holds() : same(checksums, file.checksums);
}

/** Whether a kept file is as it was, all of it read where it has checksums. Throws as bringOut does. */
export async function isAsKept(path: string, file: KeptFile, signal?: AbortSignal): Promise<boolean> {
  if (!(await isFileOf(path, file.size))) return false;
  if (file.checksums !== undefined) return same(await checkPieces(path, signal), file.checksums);
  return (await stampOf(path)).stamp === file.stamp;
}

async function isFileOf(path: string, size: number): Promise<boolean> {
  const found = await lstat(path);
  return found.isFile() && found.size === size;
}

function same(found: readonly string[], expected: readonly string[]): boolean {
  return found.length === expected.length && found.every((checksum, i) => checksum === expected[i]);
}
