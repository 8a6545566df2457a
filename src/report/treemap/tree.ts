/**
 * All names of an image as a page has them: each folder before what is in it, so that what is below a folder is the row
 * of names behind it.
 */
export interface PackedTree {
  /** In order, with "/" between: no name has one. The root's is empty. */
  readonly names: string;
  /** A letter for each name: see NameKind; of two images "d", "f", "m" for a file that is not the same, "o" for what is none. */
  readonly kinds: string;
  /** For each folder, how many names are in it. */
  readonly counts: readonly number[];
  /** For each name of kind "f", "x" or "m" its bytes; of two images those before, -1 where there is none. */
  readonly bytes: readonly number[];
  /** Of two images, for the same names those after. */
  readonly after?: readonly number[];
}

const FILES = "fxm";

/** A tree unpacked. Names are numbered in their order, 0 is the root. */
export class Tree {
  readonly names: readonly string[];
  readonly kinds: string;
  readonly parents: Int32Array;
  /** For each name the first one that is not in it. */
  readonly ends: Int32Array;
  /** Sums of what is in a name and below: what its tile is as large as. */
  readonly bytes: Float64Array;
  readonly files: Int32Array;
  /** Of two images the same before and after; of one they are `bytes`. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** Of two images, whether a name is not there before, or after: a bit each. */
  readonly absent: Uint8Array;
  /** Of two images, files below that are not the same. */
  readonly changed: Int32Array;

  constructor(packed: PackedTree) {
    const { kinds, after } = packed;
    const length = kinds.length;
    this.names = packed.names.split("/");
    this.kinds = kinds;
    [this.parents, this.ends] = placesOf(packed);
    this.before = new Float64Array(length);
    this.after = after === undefined ? this.before : new Float64Array(length);
    this.bytes = after === undefined ? this.before : new Float64Array(length);
    this.files = new Int32Array(length);
    this.absent = new Uint8Array(length);
    this.changed = new Int32Array(length);
    this.#take(packed);
    this.#sum();
  }

  /** The names in a folder. */
  *children(folder: number): Generator<number> {
    const end = this.ends[folder] ?? 0;
    for (let at = folder + 1; at < end; at = this.ends[at] ?? end) yield at;
  }

  /** The names in a folder, the largest first. */
  bySize(folder: number): number[] {
    return [...this.children(folder)].sort((a, b) => (this.bytes[b] ?? 0) - (this.bytes[a] ?? 0) || a - b);
  }

  isFolder(number: number): boolean {
    return this.kinds[number] === "d";
  }

  /** "/" for the root. */
  pathOf(number: number): string {
    const parts: string[] = [];
    for (let at = number; at > 0; at = this.parents[at] ?? 0) parts.push(this.names[at] ?? "");
    return `/${parts.reverse().join("/")}`;
  }

  #take({ bytes, after }: PackedTree): void {
    let file = 0;
    for (let at = 0; at < this.kinds.length; at++) {
      const kind = this.kinds[at] ?? "";
      if (!FILES.includes(kind)) continue;
      const [one, other] = [bytes[file] ?? 0, after?.[file] ?? 0];
      file++;
      this.files[at] = 1;
      this.before[at] = Math.max(0, one);
      if (after === undefined) continue;
      this.after[at] = Math.max(0, other);
      this.bytes[at] = Math.max(0, one, other);
      this.absent[at] = (one < 0 ? 1 : 0) | (other < 0 ? 2 : 0);
      this.changed[at] = kind === "m" || one !== other ? 1 : 0;
    }
  }

  #sum(): void {
    for (const sums of new Set([this.before, this.after, this.bytes, this.files, this.changed]))
      for (let at = this.kinds.length - 1; at > 0; at--) {
        const parent = this.parents[at] ?? 0;
        sums[parent] = (sums[parent] ?? 0) + (sums[at] ?? 0);
      }
  }
}

function placesOf({ kinds, counts }: PackedTree): [parents: Int32Array, ends: Int32Array] {
  const parents = new Int32Array(kinds.length);
  const ends = new Int32Array(kinds.length);
  /** Folders that are open, and how many names of theirs are still to come. */
  const open: { readonly number: number; left: number }[] = [];
  let folder = 0;
  for (let at = 0; at < kinds.length; at++) {
    const parent = open.at(-1);
    parents[at] = parent?.number ?? 0;
    if (parent !== undefined) parent.left--;
    ends[at] = at + 1;
    if (kinds[at] === "d") open.push({ number: at, left: counts[folder++] ?? 0 });
    for (let last = open.at(-1); last?.left === 0; last = open.at(-1)) {
      ends[last.number] = at + 1;
      open.pop();
    }
  }
  return [parents, ends];
}
