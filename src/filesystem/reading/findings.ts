import { Docker2vmError } from "../../errors.ts";
import type { Steps } from "../../waiting/steps.ts";
import { partsOf } from "./broken.ts";

/** Something that is wrong in a filesystem. */
export interface Finding {
  /** The structure: "inode 12, extent block 77". */
  readonly where: string;
  readonly what: string;
}

/** As many as are kept; a broken image could have one for every bit. */
const MOST = 1000;

/** What a check found. */
export class Findings {
  readonly list: Finding[] = [];
  /** Those that are not in the list, which is full. */
  more = 0;

  add(where: string, what: string): void {
    if (this.list.length < MOST) this.list.push({ where, what });
    else this.more++;
  }

  /** Adds a finding unless the condition holds. */
  expect(condition: boolean, where: string, what: string): void {
    if (!condition) this.add(where, what);
  }

  /** Whether `action` came to its end. What it finds broken (E_INVALID_FILESYSTEM) becomes a finding. */
  attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#addBroken(error);
      return false;
    }
  }

  /** The same for what pauses. */
  *attemptSteps(steps: Steps<void>): Steps<boolean> {
    try {
      yield* steps;
      return true;
    } catch (error) {
      this.#addBroken(error);
      return false;
    }
  }

  #addBroken(error: unknown): void {
    if (!(error instanceof Docker2vmError) || error.code !== "E_INVALID_FILESYSTEM") throw error;
    const { where, what } = partsOf(error);
    this.add(where, what);
  }
}
