/** What a batch has made so far, in a file beside it: so the next run knows what need not be made again. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConversionPlan } from "../../convert/dry-run.ts";
import { METADATA_NAME } from "../../convert/meta.ts";
import type { ConvertOptions } from "../../convert/options.ts";
import { writeError } from "../../system-errors.ts";

const STATE_NAME = "batch.json";

/** What the file holds. */
export interface BatchStateDocument {
  readonly schemaVersion: 1;
  /** By the folders of the outputs, of each what it follows from and what it says of itself, as one digest. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Of all that an output follows from; undefined where that is not known before it is made. */
export function fingerprintOf(
  { resultKey, source }: ConversionPlan,
  { launch, writableDisk }: Pick<ConvertOptions, "launch" | "writableDisk">,
): string | undefined {
  if (resultKey === null) return undefined;
  return sha256(JSON.stringify([resultKey, source, launch ?? null, writableDisk ?? null]));
}

/** The outputs of a batch's folder that were made whole, what they follow from, and what they say of themselves. */
export class BatchState {
  readonly #path: string;
  /** What the file held when it was last read or written, and what the system said of it then. */
  #known: { readonly outputs: Map<string, string>; readonly stamp: string } | undefined;

  constructor(folder: string) {
    this.#path = join(folder, STATE_NAME);
  }

  /** Whether all the files of the output are there, made of the same. */
  has(out: string, fingerprint: string, files: readonly string[]): boolean {
    const made = this.#read().get(out);
    if (made === undefined || !files.every((file) => existsSync(file))) return false;
    try {
      return made === madeAs(out, fingerprint);
    } catch {
      // What cannot be read is made again, which tells why it cannot.
      return false;
    }
  }

  /** Throws E_IO and E_NO_SPACE. */
  add(out: string, fingerprint: string): void {
    const temporary = `${this.#path}.${process.pid}`;
    try {
      const outputs = this.#read();
      outputs.set(out, madeAs(out, fingerprint));
      const document: BatchStateDocument = { schemaVersion: 1, outputs: Object.fromEntries(outputs) };
      writeFileSync(temporary, `${JSON.stringify(document, null, 2)}\n`);
      const stamp = stampOf(temporary);
      renameSync(temporary, this.#path);
      this.#known = { outputs, stamp };
    } catch (error) {
      this.#known = undefined;
      throw writeError(error, `cannot write ${this.#path}`);
    }
  }

  /**
   * What is no such file tells of nothing. Another batch may be at the same folder, so it is looked at each time; but read
   * only where it is another than before: with thousands of outputs that takes as long as a small image.
   */
  #read(): Map<string, string> {
    try {
      const stamp = stampOf(this.#path);
      if (this.#known?.stamp !== stamp) {
        const { outputs } = JSON.parse(readFileSync(this.#path, "utf8"));
        this.#known = { outputs: new Map(Object.entries(outputs)), stamp };
      }
      return this.#known.outputs;
    } catch {
      this.#known = undefined;
      return new Map();
    }
  }
}

/** A file gets its name whole, by a rename, so whatever is another file has another number or time. */
function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

/** The fingerprint with what is in the output: another conversion may have put something else there. */
function madeAs(out: string, fingerprint: string): string {
  return sha256(JSON.stringify([fingerprint, sha256(readFileSync(join(out, METADATA_NAME)))]));
}

function sha256(data: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}
