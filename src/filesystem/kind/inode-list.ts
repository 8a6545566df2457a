import type { Extent, MappedList } from "../../blocks/blocks.ts";
import { assert } from "../../errors.ts";
import type { Inode } from "../../tree/inode.ts";
import { blocksInOne, NOWHERE } from "../../tree/placed-file.ts";

/** Inodes that there is room for at first. */
const FIRST_ROOM = 64;
const NO_EXTENTS: readonly Extent[] = [];

/** What is to be known of how a directory is laid out. */
export interface ListedDirectory {
  /** By their places in the order of the walk; "" where there is none. */
  readonly entries: { name(at: number): string };
  /** For each entry the index of its inode; filled in while the tree is walked. */
  readonly children: Int32Array;
}

/** A directory that is being walked. */
export interface Frame<Layout extends ListedDirectory> {
  readonly index: number;
  readonly layout: Layout;
  /** The next of its entries. */
  next: number;
}

/**
 * The inodes of a tree in the order of a walk, the root first, each once however many names it has. What all of them
 * have is kept in columns, and what few have by their indexes: an object for each of a million would take as much
 * memory as the tree.
 *
 * An inode's index is kept in the inode (`order`). It counts only if the inode is at that index here, so nothing that
 * another list left there is believed; but two lists of one tree must not be filled at the same time.
 */
export abstract class InodeList<Layout extends ListedDirectory, Listed = unknown> implements MappedList {
  readonly #nodes: Inode[] = [];
  #parents = new Uint32Array(FIRST_ROOM);
  #links = new Uint32Array(FIRST_ROOM);
  /** Of files whose extents the filesystem cannot hold as they are. */
  readonly #extents = new Map<number, readonly Extent[]>();
  readonly #directories = new Map<number, Layout>();
  readonly #passing = { logical: 0, physical: 0, length: 0 };
  readonly #passingExtents: readonly Extent[] = [this.#passing];

  get length(): number {
    return this.#nodes.length;
  }

  /** The inode at `index`, of which to go on to others. */
  abstract from(index: number): Listed;

  at(index: number): Listed | undefined {
    return this.#nodes[index] === undefined ? undefined : this.from(index);
  }

  *[Symbol.iterator](): Generator<Listed, undefined> {
    for (let index = 0; index < this.length; index++) yield this.from(index);
  }

  /** The index of an inode; undefined if it is not here. */
  indexOf(node: Inode): number | undefined {
    const { order = -1 } = node;
    return this.#nodes[order] === node ? order : undefined;
  }

  /** @param parent index of the directory that names it; the root's is its own */
  add(node: Inode, parent: number): number {
    const index = this.#nodes.push(node) - 1;
    node.order = index;
    if (index === this.#parents.length) {
      this.#parents = doubled(this.#parents);
      this.#links = doubled(this.#links);
    }
    this.#parents[index] = parent;
    return index;
  }

  node(index: number): Inode | undefined {
    return this.#nodes[index];
  }

  /** Index of the directory that first names the inode. */
  parent(index: number): number {
    return this.#parents[index] ?? 0;
  }

  /** The name there; "" for the root. It is looked for: this is for messages. */
  name(index: number): string {
    const layout = index === 0 ? undefined : this.directory(this.parent(index));
    return layout?.entries.name(layout.children.indexOf(index)) ?? "";
  }

  /** How many links were counted. */
  links(index: number): number {
    return this.#links[index] ?? 0;
  }

  countLink(index: number): void {
    this.#links[index] = this.links(index) + 1;
  }

  /** The layout of a directory; undefined for anything else. */
  directory(index: number): Layout | undefined {
    return this.#nodes[index]?.type === "directory" ? this.#directories.get(index) : undefined;
  }

  /** The indexes of those with a layout. */
  get directoryIndexes(): Iterable<number> {
    return this.#directories.keys();
  }

  setDirectory(index: number, layout: Layout): void {
    this.#directories.set(index, layout);
  }

  /** A regular file's contents as the filesystem can hold them; none for anything else. */
  extents(index: number): readonly Extent[] {
    const node = this.#nodes[index];
    return node?.type === "file" ? (this.#extents.get(index) ?? node.extents) : NO_EXTENTS;
  }

  passingExtents(index: number): readonly Extent[] {
    const node = this.#nodes[index];
    if (node?.type !== "file") return NO_EXTENTS;
    if (node.start === undefined || this.#extents.has(index)) return this.extents(index);
    if (node.start === NOWHERE) return NO_EXTENTS;
    this.#passing.physical = node.start;
    this.#passing.length = blocksInOne(node);
    return this.#passingExtents;
  }

  forRuns(use: (start: number, length: number) => void): void {
    for (let index = 0; index < this.#nodes.length; index++) {
      const node = this.#nodes[index];
      if (node?.type !== "file") continue;
      if (node.start === undefined || this.#extents.has(index)) {
        for (const { physical, length } of this.extents(index)) use(physical, length);
      } else if (node.start !== NOWHERE) use(node.start, blocksInOne(node));
    }
  }

  /** Says how the filesystem holds the contents of a file, where that is not as the file has them. */
  holdAs(index: number, extents: readonly Extent[]): void {
    this.#extents.set(index, extents);
  }

  /** The path, from "/", of the entry `name` in the directory at `parent`. */
  pathOf(parent: number, name: string): string {
    const names: string[] = [name];
    for (let at = parent; at !== 0; at = this.parent(at)) names.push(this.name(at));
    return `/${names.reverse().join("/")}`;
  }

  /** The path of a directory's next entry; the root's if there is no directory. */
  pathIn(frame: Frame<Layout> | undefined): string {
    return frame === undefined ? "/" : this.pathOf(frame.index, frame.layout.entries.name(frame.next));
  }
}

/**
 * One inode of a list: what is asked of it is looked up. To go through all of a million, one is moved from each to the
 * next (`index`), so that nothing is made for them.
 */
export class ListedInode<Layout extends ListedDirectory, List extends InodeList<Layout>> {
  protected readonly list: List;
  index: number;

  constructor(list: List, index: number) {
    this.list = list;
    this.index = index;
  }

  get node(): Inode {
    const node = this.list.node(this.index);
    assert(node !== undefined, "no inode has this index");
    return node;
  }

  get parent(): number {
    return this.list.parent(this.index);
  }

  get name(): string {
    return this.list.name(this.index);
  }

  get links(): number {
    return this.list.links(this.index);
  }

  get extents(): readonly Extent[] {
    return this.list.extents(this.index);
  }

  get directory(): Layout | undefined {
    return this.list.directory(this.index);
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(column.length * 2);
  longer.set(column);
  return longer;
}
