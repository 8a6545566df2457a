import { formatBytes } from "../../../format-bytes.ts";
import { printable } from "../../../printable.ts";
import { changeOf } from "../../treemap/change.ts";
import type { Tree } from "../../treemap/tree.ts";
import { counted, element, quoted, shareText } from "./dom.ts";
import { type Column, SortableTable } from "./table.ts";
import type { Words } from "./words.ts";

const KINDS: Readonly<Record<string, string>> = {
  d: "folder",
  f: "file",
  x: "program",
  m: "file",
  l: "symlink",
  h: "further name",
  o: "device, pipe or socket",
};

/** The names of a folder, or what a search found, as rows: what the treemap shows, in words. */
export class ContentsTable {
  readonly #tree: Tree;
  readonly #words: Words;
  readonly #table: SortableTable<number>;
  readonly #open: (number: number) => void;
  #withPaths = false;
  #whole = 0;
  #marked: number | undefined;

  constructor(tree: Tree, words: Words, open: (number: number) => void) {
    this.#tree = tree;
    this.#words = words;
    this.#open = open;
    this.#table = new SortableTable<number>({
      noun: ["name", "names"],
      caption: "",
      columns: words.isComparison ? this.#comparisonColumns() : this.#imageColumns(),
      sortedBy: 1,
      rowAttributes: (number): Readonly<Record<string, string>> =>
        number === this.#marked ? { class: "marked" } : {},
    });
  }

  get element(): HTMLElement {
    return this.#table.element;
  }

  showFolder(folder: number, marked?: number): void {
    this.#withPaths = false;
    this.#marked = marked;
    this.#whole = this.#tree.bytes[folder] ?? 0;
    const caption = `Contents of ${printable(this.#tree.pathOf(folder))}`;
    this.#table.show([...this.#tree.children(folder)], caption, marked);
  }

  showFound(numbers: readonly number[], caption: string): void {
    this.#withPaths = true;
    this.#marked = undefined;
    this.#whole = this.#tree.bytes[0] ?? 0;
    this.#table.show(numbers, caption);
  }

  #name(number: number): Node | string {
    const tree = this.#tree;
    const text = this.#withPaths ? tree.pathOf(number) : (tree.names[number] ?? "");
    const isFolder = tree.isFolder(number);
    const name = quoted(isFolder ? `${text}/` : text);
    if (!isFolder && !this.#withPaths) return name;
    const button = element("button", { type: "button", class: "go" }, name);
    button.addEventListener("click", () => this.#open(number));
    return button;
  }

  #nameColumn(): Column<number> {
    return {
      title: "Name",
      by: (number) => this.#tree.names[number] ?? "",
      cell: (number) => this.#name(number),
    };
  }

  #imageColumns(): Column<number>[] {
    const { bytes, files, kinds } = this.#tree;
    const of = (sums: Float64Array | Int32Array) => (number: number) => sums[number] ?? 0;
    return [
      this.#nameColumn(),
      {
        title: "Bytes",
        isNumber: true,
        by: of(bytes),
        cell: (number) => ("fxd".includes(kinds[number] ?? "") ? formatBytes(bytes[number] ?? 0) : "–"),
      },
      {
        title: "Share",
        isNumber: true,
        cell: (number) => shareBar(bytes[number] ?? 0, this.#whole, this.#words.colour(number)),
      },
      {
        title: "Files",
        isNumber: true,
        isExtra: true,
        by: of(files),
        cell: (number) => (this.#tree.isFolder(number) ? (files[number] ?? 0).toLocaleString("en") : ""),
      },
      {
        title: "Kind",
        isExtra: true,
        by: (number) => KINDS[kinds[number] ?? ""] ?? "",
        cell: (number) => KINDS[kinds[number] ?? ""] ?? "",
      },
    ];
  }

  #comparisonColumns(): Column<number>[] {
    const { before, after } = this.#tree;
    const grown = (number: number): number => (after[number] ?? 0) - (before[number] ?? 0);
    const size = (sums: Float64Array, bit: number) => (number: number) =>
      !this.#tree.isFolder(number) && ((this.#tree.absent[number] ?? 0) & bit) !== 0
        ? "none"
        : formatBytes(sums[number] ?? 0);
    return [
      this.#nameColumn(),
      {
        title: "Change",
        isNumber: true,
        by: (number) => Math.abs(grown(number)),
        cell: (number) => chip(this.#words.size(number), changeOf(this.#tree, number)),
      },
      { title: "Before", isNumber: true, by: (number) => before[number] ?? 0, cell: size(before, 1) },
      { title: "After", isNumber: true, by: (number) => after[number] ?? 0, cell: size(after, 2) },
      {
        title: "Files changed",
        isNumber: true,
        isExtra: true,
        by: (number) => this.#tree.changed[number] ?? 0,
        cell: (number) => (this.#tree.changed[number] ?? 0).toLocaleString("en"),
      },
    ];
  }
}

/** A share in words, and as a bar. */
export function shareBar(part: number, whole: number, colour: string): HTMLElement {
  const bar = element("span", { class: `bar ${colour}`, "aria-hidden": "true" });
  bar.style.width = `${whole === 0 ? 0 : (part / whole) * 100}%`;
  const track = element("span", { class: "track", "aria-hidden": "true" }, bar);
  return element("span", { class: "share" }, track, element("span", {}, shareText(part, whole)));
}

function chip(text: string, colour: string): HTMLElement {
  return element("span", { class: `chip ${colour}` }, text);
}

/** What a search found, in a line. */
export function foundText(text: string, count: number, bytes: number): string {
  if (count === 0) return `Nothing is called “${text}”`;
  return `${counted(count, "name")} with “${text}”, ${formatBytes(bytes)} in all`;
}
