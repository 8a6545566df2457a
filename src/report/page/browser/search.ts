import type { Tree } from "../../treemap/tree.ts";

/** Names that a search finds. */
export interface Found {
  readonly text: string;
  readonly numbers: readonly number[];
  /** For each name, whether it or something below it was found. */
  readonly leads: Uint8Array;
  readonly bytes: number;
  readonly files: number;
}

/** Searches all names, or with a slash in the text all paths, whatever the case. */
export class Search {
  readonly #tree: Tree;
  #names: readonly string[] | undefined;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  find(text: string): Found {
    const wanted = text.toLowerCase();
    const tree = this.#tree;
    this.#names ??= tree.names.map((name) => name.toLowerCase());
    const names = this.#names;
    const numbers: number[] = [];
    if (!wanted.includes("/")) {
      for (let at = 1; at < names.length; at++) if (names[at]?.includes(wanted)) numbers.push(at);
    } else {
      // A path holds its folder's, so what is found in that is found in it.
      const paths: string[] = [];
      for (let at = 0; at < names.length; at++) {
        const path = at === 0 ? "" : `${paths[tree.parents[at] ?? 0]}/${names[at]}`;
        paths.push(path);
        if (path.includes(wanted)) numbers.push(at);
      }
    }
    return { text, numbers, ...this.#sums(numbers) };
  }

  #sums(numbers: readonly number[]): Pick<Found, "leads" | "bytes" | "files"> {
    const tree = this.#tree;
    const leads = new Uint8Array(tree.kinds.length);
    let [bytes, files, end] = [0, 0, 0];
    for (const number of numbers) {
      // What is below a folder that was found counts with it.
      if (number >= end) {
        bytes += tree.bytes[number] ?? 0;
        files += tree.files[number] ?? 0;
        end = tree.ends[number] ?? end;
        leads.fill(1, number, end);
      }
      for (let at = number; at > 0 && leads[tree.parents[at] ?? 0] === 0; at = tree.parents[at] ?? 0)
        leads[tree.parents[at] ?? 0] = 1;
    }
    return { leads, bytes, files };
  }
}
