import type { Inode } from "../../../tree/inode.ts";
import type { SortedEntries } from "../../../tree/sorted-entries.ts";

const DOT = 0x2e;

/** A directory's entries, "." and ".." among them: names may begin with bytes that come before a dot. */
export class DirectoryEntries {
  readonly length: number;
  readonly #named: SortedEntries;
  readonly #dot: number;
  readonly #dotDot: number;

  constructor(named: SortedEntries) {
    this.#named = named;
    this.length = named.length + 2;
    let before = 0;
    while ((named.nameByte(before, 0) ?? DOT) < DOT) before++;
    this.#dot = before;
    while (named.nameByte(before, 0) === DOT && (named.nameByte(before, 1) ?? DOT) < DOT) before++;
    this.#dotDot = before + 1;
  }

  /** Undefined for "." and "..", and past the end. */
  inode(at: number): Inode | undefined {
    return this.dots(at) > 0 ? undefined : this.#named.inode(this.#placeOf(at));
  }

  /** 1 for ".", 2 for "..", 0 for any other. */
  dots(at: number): 0 | 1 | 2 {
    if (at === this.#dot) return 1;
    return at === this.#dotDot ? 2 : 0;
  }

  name(at: number): string {
    return ".".repeat(this.dots(at)) || this.#named.name(this.#placeOf(at));
  }

  /** Bytes of the name. */
  nameLength(at: number): number {
    return this.dots(at) || this.#named.nameLength(this.#placeOf(at));
  }

  /** Writes the name to `target` from byte `to` on. */
  copyName(at: number, target: Uint8Array, to: number): void {
    const dots = this.dots(at);
    if (dots > 0) target.fill(DOT, to, to + dots);
    else this.#named.copyName(this.#placeOf(at), target, to);
  }

  #placeOf(at: number): number {
    return at - (at > this.#dot ? 1 : 0) - (at > this.#dotDot ? 1 : 0);
  }
}
