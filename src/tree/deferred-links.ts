import type { Directory } from "./inode.ts";

/** A hard link whose target the layer itself did not hold when it came: it may be in the layers below. */
export interface DeferredLink {
  readonly parent: Directory;
  readonly name: string;
  readonly path: string;
  readonly target: string;
}

/** A layer's deferred links by their places. None is where the layer has anything else. */
export class DeferredLinks {
  readonly #byParent = new Map<Directory, Map<string, DeferredLink>>();
  /** In the order of the tar. */
  readonly #all = new Set<DeferredLink>();

  get(parent: Directory, name: string): DeferredLink | undefined {
    return this.#byParent.get(parent)?.get(name);
  }

  has(link: DeferredLink): boolean {
    return this.#all.has(link);
  }

  add(link: DeferredLink): void {
    const byName = this.#byParent.get(link.parent) ?? new Map<string, DeferredLink>();
    this.#byParent.set(link.parent, byName.set(link.name, link));
    this.#all.add(link);
  }

  delete(parent: Directory, name: string): void {
    const byName = this.#byParent.get(parent);
    const link = byName?.get(name);
    if (link === undefined) return;
    byName?.delete(name);
    this.#all.delete(link);
  }

  /** Drops those of a directory that is no longer in the tree. */
  deleteAll(parent: Directory): void {
    for (const link of this.#byParent.get(parent)?.values() ?? []) this.#all.delete(link);
    this.#byParent.delete(parent);
  }

  [Symbol.iterator](): Iterator<DeferredLink> {
    return this.#all.values();
  }
}
