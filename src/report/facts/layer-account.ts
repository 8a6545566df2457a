import type { Inode, RegularFile } from "../../tree/inode.ts";
import type { OverlayObserver } from "../../tree/overlay.ts";
import { asText } from "./file-list.ts";
import type { LayerFacts, WastedFile } from "./report.ts";

/** What the account knows of a layer. */
export type LayerSums = Omit<LayerFacts, "digest" | "storedBytes" | "createdBy">;

/** The names that a file has in the layers so far. */
interface Presence {
  /** 0 for the base. */
  readonly layer: number;
  readonly names: number;
  /** Where its last name went. */
  readonly gone?: { readonly layer: number; readonly path: string };
}

/** Wasted files that are told. */
const MOST_TOLD = 100;

/** Keeps account of what each layer brings and hides, while they are laid over one another. */
export class LayerAccount {
  readonly #files = new Map<RegularFile, Presence>();
  readonly #brought: { files: number; bytes: number }[] = [];
  /** Files that stand where another stood, and the layer that put them there. */
  readonly #replaced: { readonly layer: number; readonly old: RegularFile; readonly file: RegularFile }[] =
    [];

  /** To hear of one layer, from the base (0) upwards. */
  observer(layer: number): OverlayObserver {
    const brought = { files: 0, bytes: 0 };
    this.#brought[layer] = brought;
    // Nearly all files of a layer have one name and keep it: they share this.
    const alone: Presence = { layer, names: 1 };
    let last: { readonly path: string; readonly inode: Inode } | undefined;
    return {
      hidden: (inode, path) => {
        last = { path, inode };
        forEachFile(inode, path, (file, where) => this.#drop(file, layer, where));
      },
      placed: (inode, path) => {
        if (last?.path === path && last.inode.type === "file" && inode.type === "file")
          this.#replaced.push({ layer, old: last.inode, file: inode });
        forEachFile(inode, path, (file) => {
          const known = this.#files.get(file);
          if (known !== undefined) {
            this.#files.set(file, { layer: known.layer, names: known.names + 1 });
            return;
          }
          this.#files.set(file, alone);
          brought.files++;
          brought.bytes += file.size;
        });
      },
    };
  }

  /** Sums by layer, when the last one is in place. */
  sums(isSame: (one: RegularFile, other: RegularFile) => boolean): LayerSums[] {
    const sums = this.#brought.map(({ files, bytes }, index) => ({
      number: index + 1,
      files,
      addedBytes: bytes,
      hiddenFiles: 0,
      hiddenBytes: 0,
      repeatedBytes: 0,
      wastedBytes: 0,
    }));
    this.#files.forEach(({ layer, gone }, { size }) => {
      const from = sums[layer];
      const by = gone && sums[gone.layer];
      if (from === undefined || by === undefined) return;
      by.hiddenFiles++;
      by.hiddenBytes += size;
      from.wastedBytes += size;
    });
    for (const { layer, old, file } of this.#replaced) {
      const sum = sums[layer];
      if (sum !== undefined && old !== file && old.size === file.size && isSame(old, file))
        sum.repeatedBytes += file.size;
    }
    return sums;
  }

  /** The largest files that a layer above hides, by size and then by path. */
  wasted(): WastedFile[] {
    const found: WastedFile[] = [];
    this.#files.forEach(({ layer, gone }, { size }) => {
      if (gone === undefined || size === 0) return;
      found.push({ path: asText(gone.path), bytes: size, layer: layer + 1, hiddenBy: gone.layer + 1 });
    });
    found.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
    return found.slice(0, MOST_TOLD);
  }

  #drop(file: RegularFile, layer: number, path: string): void {
    const known = this.#files.get(file);
    if (known === undefined) return;
    const names = known.names - 1;
    const gone = names === 0 ? { gone: { layer, path } } : {};
    this.#files.set(file, { layer: known.layer, names, ...gone });
  }
}

/** The regular files at a path and below it, by each of their names. */
function forEachFile(inode: Inode, path: string, visit: (file: RegularFile, path: string) => void): void {
  if (inode.type !== "directory") {
    if (inode.type === "file") visit(inode, path);
    return;
  }
  const work: { inode: Inode; path: string }[] = [{ inode, path }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (next.inode.type === "file") visit(next.inode, next.path);
    if (next.inode.type !== "directory") continue;
    for (const [name, child] of next.inode.entries) work.push({ inode: child, path: `${next.path}/${name}` });
  }
}
