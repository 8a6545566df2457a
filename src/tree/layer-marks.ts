import { DeferredLinks } from "./deferred-links.ts";
import type { Directory } from "./inode.ts";

/**
 * What a layer says of its directories and of what lies below them in other layers. Kept beside the tree, it takes
 * effect when the layer is laid over those: so it does not matter where in the tar it stood.
 */
export class LayerMarks {
  /** Directories that only a path below them mentions. */
  readonly implied = new Set<Directory>();
  /** Directories that hide everything the layers below have in them. */
  readonly opaque = new Set<Directory>();
  /** Names that hide what the layers below have there. */
  readonly whiteouts = new Map<Directory, Set<string>>();
  /** Links whose targets were not in this layer when they came. */
  readonly links = new DeferredLinks();

  hide(parent: Directory, name: string): void {
    const names = this.whiteouts.get(parent);
    if (names === undefined) this.whiteouts.set(parent, new Set([name]));
    else names.add(name);
  }

  /** Drops what is said of a directory that leaves the tree, and of those below. */
  forget(removed: Directory): void {
    const work = [removed];
    for (let directory = work.pop(); directory !== undefined; directory = work.pop()) {
      this.links.deleteAll(directory);
      this.implied.delete(directory);
      this.opaque.delete(directory);
      this.whiteouts.delete(directory);
      for (const child of directory.entries.values()) if (child.type === "directory") work.push(child);
    }
  }
}
