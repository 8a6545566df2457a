import { formatBytes } from "../../../format-bytes.ts";
import { printable } from "../../../printable.ts";
import { CATEGORIES, CATEGORY_TITLES, type Category } from "../../treemap/category.ts";
import { CHANGE_TITLES, CHANGES } from "../../treemap/palette.ts";
import type { Tree } from "../../treemap/tree.ts";
import { ContentsTable, foundText } from "./contents-table.ts";
import { element, quoted } from "./dom.ts";
import { type Found, Search } from "./search.ts";
import { TreemapView } from "./treemap-view.ts";
import { Words } from "./words.ts";

const SEARCH_DELAY = 80;

/** Folders and files, as a treemap and as a table, and the search of them. */
export class Explorer {
  readonly element: HTMLElement;
  readonly #tree: Tree;
  readonly #words: Words;
  readonly #search: Search;
  readonly #treemap: TreemapView;
  readonly #table: ContentsTable;
  readonly #crumbs = element("ol", {});
  readonly #status = element("p", { class: "status" });
  readonly #said = element("p", { class: "unseen", role: "status" });
  readonly #input = element("input", {
    id: "search",
    type: "search",
    placeholder: "libssl, /share/doc …",
    autocomplete: "off",
    spellcheck: "false",
  });
  #folder = 0;
  #found: Found | undefined;

  constructor(tree: Tree, isComparison: boolean) {
    this.#tree = tree;
    this.#words = new Words(tree, isComparison);
    this.#search = new Search(tree);
    this.#treemap = new TreemapView(tree, this.#words, {
      open: (number) => this.#open(number, true),
      look: (number) => this.#look(number),
    });
    this.#table = new ContentsTable(tree, this.#words, (number) => this.#open(number, false));
    const label = element("label", { for: "search" }, "Search names");
    const navigation = element("nav", { "aria-label": "Folder", class: "crumbs" }, this.#crumbs);
    const field = element("div", { class: "search" }, label, this.#input);
    this.element = element(
      "div",
      { class: "explorer" },
      element("div", { class: "tools" }, navigation, field),
      this.#treemap.element,
      this.#status,
      this.#legend(),
      this.#said,
      this.#table.element,
    );
    this.#listen();
    this.#show();
  }

  #listen(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#find(), SEARCH_DELAY);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#input.value === "") return;
      this.#input.value = "";
      this.#find();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.target instanceof HTMLInputElement || !["Backspace", "Escape"].includes(event.key)) return;
      event.preventDefault();
      this.#up();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      this.#input.focus();
    });
  }

  /** Goes to a folder, or to the one that a file is in, where that is marked. */
  #open(number: number, fromTreemap: boolean): void {
    const tree = this.#tree;
    const isFolder = tree.isFolder(number);
    const folder = isFolder ? number : (tree.parents[number] ?? 0);
    this.#input.value = "";
    this.#found = undefined;
    this.#folder = folder;
    this.#show(isFolder ? undefined : number);
    this.#say(`${tree.pathOf(number)}: ${this.#words.about(number)}`);
    if (fromTreemap) this.#treemap.focus(isFolder ? undefined : number);
    else this.#crumbs.querySelector<HTMLElement>("[aria-current]")?.focus();
  }

  #up(): void {
    if (this.#folder === 0) return;
    this.#open(this.#tree.parents[this.#folder] ?? 0, true);
  }

  #find(): void {
    const text = this.#input.value.trim();
    this.#found = text === "" ? undefined : this.#search.find(text);
    if (this.#found !== undefined) this.#folder = 0;
    this.#show();
    if (this.#found !== undefined)
      this.#say(foundText(this.#found.text, this.#found.numbers.length, this.#found.bytes));
  }

  #show(marked?: number): void {
    this.#crumbs.replaceChildren(
      ...this.#way().map((number, index, { length }) => this.#crumb(number, index === length - 1)),
    );
    this.#treemap.show(this.#folder, this.#found?.leads);
    this.#look(marked);
    if (this.#found === undefined) this.#table.showFolder(this.#folder, marked);
    else {
      const { text, numbers, bytes } = this.#found;
      this.#table.showFound(numbers, foundText(text, numbers.length, bytes));
    }
  }

  /** From the root down to the folder that is shown. */
  #way(): number[] {
    const way: number[] = [];
    for (let at = this.#folder; at > 0; at = this.#tree.parents[at] ?? 0) way.push(at);
    return [0, ...way.reverse()];
  }

  #crumb(number: number, isLast: boolean): HTMLElement {
    const name = number === 0 ? "/" : (this.#tree.names[number] ?? "");
    const button = element(
      "button",
      { type: "button", "aria-current": isLast ? "location" : undefined },
      quoted(name),
    );
    button.addEventListener("click", () => this.#open(number, false));
    return element("li", {}, button);
  }

  #look(number: number | undefined): void {
    const of = number ?? this.#folder;
    this.#status.replaceChildren(quoted(this.#tree.pathOf(of)), ` ${this.#words.about(of)}`);
  }

  #say(text: string): void {
    this.#said.textContent = printable(text);
  }

  #legend(): HTMLElement {
    const entries = this.#words.isComparison
      ? CHANGES.map((change) => [change, CHANGE_TITLES[change], ""] as const)
      : this.#categories();
    const items = entries.map(([name, title, size]) =>
      element(
        "li",
        {},
        element("span", { class: `swatch ${name}`, "aria-hidden": "true" }),
        `${title} `,
        element("span", { class: "size" }, size),
      ),
    );
    return element("ul", { class: "legend", "aria-label": "Colours" }, ...items);
  }

  #categories(): (readonly [name: Category, title: string, size: string])[] {
    const sums = this.#words.categories.sums(0);
    return CATEGORIES.filter((category) => (sums.get(category) ?? 0) > 0).map(
      (category) => [category, CATEGORY_TITLES[category], formatBytes(sums.get(category) ?? 0)] as const,
    );
  }
}
