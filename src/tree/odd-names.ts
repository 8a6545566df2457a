import { displayPath } from "./path.ts";
import { Tally } from "./tally.ts";
import {
  AUFS_PREFIX,
  AUFS_RECORDS,
  FOREIGN_OPAQUE,
  isWhiteout,
  OPAQUE_WHITEOUT,
  WHITEOUT_PREFIX,
} from "./whiteouts.ts";

type WarningKind = "below a whiteout" | "whiteout of nothing" | "opaque" | "aufs";

/**
 * Names in a layer that mean something else than a file, or nothing: which they are, and what users are told of them.
 * In files without a layer below them there are none.
 */
export class OddNames {
  readonly #isWhole: boolean;
  readonly #onWarning: ((message: string) => void) | undefined;
  readonly #warnings = new Tally<WarningKind>();

  constructor(isWhole: boolean, onWarning: ((message: string) => void) | undefined) {
    this.#isWhole = isWhole;
    this.#onWarning = onWarning;
  }

  /** Whether the name makes the entry a whiteout of the layer's. */
  isWhiteout(path: string, layer: string): boolean {
    return !this.#isWhole && isWhiteout(path, layer);
  }

  /** Whether it lies under a name of AUFS's own. */
  isAufs(path: string, components: readonly string[], name: string): boolean {
    if (this.#isWhole) return false;
    const record = [...components, name].find((part) => part.startsWith(AUFS_PREFIX));
    if (record === undefined) return false;
    if (AUFS_RECORDS.has(record)) return true;
    if (record === name) this.#warnOfOpaque(path);
    else this.#warn("aufs", path, "is left out: names that begin with .wh..wh. are AUFS's own");
    return true;
  }

  /** A name that nobody could have in a container; but runtimes make it, so it is here too. */
  isBelowWhiteout(path: string, components: readonly string[]): boolean {
    if (this.#isWhole || !components.some((part) => part.startsWith(WHITEOUT_PREFIX))) return false;
    this.#warn("below a whiteout", path, "lies below a folder with a whiteout's name: the folder is kept");
    return true;
  }

  /** Hears of every whiteout that hides what `name` names. */
  checkSpelling(path: string, name: string): void {
    if (FOREIGN_OPAQUE.has(name)) this.#warnOfOpaque(path);
  }

  /** Hears of a whiteout that can hide nothing, and why. */
  hidesNothing(path: string, why: string): void {
    this.#warn("whiteout of nothing", path, `is left out: it ${why}, and has nothing to hide`);
  }

  /** Tells what was heard of. */
  tell(): void {
    this.#warnings.tell(this.#onWarning);
  }

  #warnOfOpaque(path: string): void {
    this.#warn("opaque", path, `hides nothing: the mark of an opaque folder is spelled ${OPAQUE_WHITEOUT}`);
  }

  #warn(kind: WarningKind, path: string, what: string): void {
    this.#warnings.add(kind, () => `'${displayPath(path)}' ${what}`);
  }
}
