/** What a batch has made so far, in a file beside it: so the next run knows what need not be made again. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConversionPlan } from "../../convert/dry-run.ts";
import type { ConvertOptions } from "../../convert/options.ts";
import { writeError } from "../../system-errors.ts";

const STATE_NAME = "batch.json";

/** Of all that an output follows from; undefined where that is not known before it is made. */
export function fingerprintOf(
  { resultKey, source }: ConversionPlan,
  { launch, writableDisk }: Pick<ConvertOptions, "launch" | "writableDisk">,
): string | undefined {
  if (resultKey === null) return undefined;
  const facts = JSON.stringify([resultKey, source, launch ?? null, writableDisk ?? null]);
  return `sha256:${createHash("sha256").update(facts).digest("hex")}`;
}

/** The outputs of a batch's folder that were made whole, and what they follow from. */
export class BatchState {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, STATE_NAME);
  }

  /** Whether all the files of the output are there, made of the same. */
  has(out: string, fingerprint: string, files: readonly string[]): boolean {
    return this.#read().get(out) === fingerprint && files.every((file) => existsSync(file));
  }

  /** Throws E_IO and E_NO_SPACE. */
  add(out: string, fingerprint: string): void {
    // Read again: another batch may be at the same folder.
    const outputs = Object.fromEntries([...this.#read(), [out, fingerprint]]);
    const temporary = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(temporary, `${JSON.stringify({ schemaVersion: 1, outputs }, null, 2)}\n`);
      renameSync(temporary, this.#path);
    } catch (error) {
      throw writeError(error, `cannot write ${this.#path}`);
    }
  }

  /** What is no such file tells of nothing. */
  #read(): ReadonlyMap<string, unknown> {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(this.#path, "utf8")).outputs));
    } catch {
      return new Map();
    }
  }
}
