import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { Docker2vmError } from "../errors.ts";
import { scratchError } from "./io-errors.ts";

/** Where the rest of a file goes that takes no more. */
export interface Spare {
  /** Where a file may be made, which is to have no name. */
  readonly path: string;
  /** Told, once, why it is needed. */
  readonly onNeed: (failure: Docker2vmError) => void;
}

/** What the system's refusal means for the file at a path. */
export type FailureOf = (error: unknown, path: string) => Docker2vmError;

/** A file of chunks that go to a spare file, at the same places, once the file itself takes no more. */
export class SparedFile {
  readonly fd: number;
  readonly #path: string;
  readonly #failureOf: FailureOf;
  readonly #spare: Spare | undefined;
  #isOpen = true;
  #rest: { readonly fd: number; readonly starts: Set<number> } | undefined;

  /** Of a file that is open for reading and writing; `path` names it in messages. */
  constructor(fd: number, path: string, failureOf: FailureOf, spare: Spare | undefined) {
    this.fd = fd;
    this.#path = path;
    this.#failureOf = failureOf;
    this.#spare = spare;
  }

  /** Whether all that was written is in the file itself. */
  get isWhole(): boolean {
    return this.#rest === undefined;
  }

  /** The file that has the chunk. */
  fdAt(start: number): number {
    return this.#rest?.starts.has(start) ? this.#rest.fd : this.fd;
  }

  /** Writes a chunk, wherever there is room for it. Throws E_NO_SPACE and E_IO. */
  write(start: number, bytes: Uint8Array): void {
    if (this.#rest !== undefined) {
      this.#writeRest(this.#rest, start, bytes);
      return;
    }
    try {
      writeFully(this.fd, start, bytes);
    } catch (error) {
      this.writeAfter(error, start, bytes);
    }
  }

  /** The same for a chunk that the file itself has been found not to take. */
  writeAfter(failure: unknown, start: number, bytes: Uint8Array): void {
    this.#rest ??= { fd: this.#openSpare(failure), starts: new Set() };
    this.#writeRest(this.#rest, start, bytes);
  }

  /** What a failed read of it means. */
  readError(error: unknown): Docker2vmError {
    return this.#failureOf(error, this.#path);
  }

  /** Closes the spare file, more than once is fine; the file itself is its owner's. */
  closeSpare(): void {
    const fd = this.#rest?.fd;
    if (fd === undefined || !this.#isOpen) return;
    this.#isOpen = false;
    closeSync(fd);
  }

  #openSpare(failure: unknown): number {
    const told = this.#failureOf(failure, this.#path);
    if (this.#spare === undefined) throw told;
    this.#spare.onNeed(told);
    try {
      const fd = openSync(this.#spare.path, "wx+", 0o600);
      unlinkSync(this.#spare.path);
      return fd;
    } catch (error) {
      throw scratchError(error, this.#spare.path);
    }
  }

  #writeRest({ fd, starts }: { fd: number; starts: Set<number> }, start: number, bytes: Uint8Array): void {
    try {
      writeFully(fd, start, bytes);
    } catch (error) {
      throw scratchError(error, this.#spare?.path ?? this.#path);
    }
    starts.add(start);
  }
}

function writeFully(fd: number, position: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
