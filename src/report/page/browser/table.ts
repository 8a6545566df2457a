import { counted, element } from "./dom.ts";

export interface Column<Item> {
  readonly title: string;
  /** What rows are sorted by; absent: they are not. */
  readonly by?: (item: Item) => number | string;
  readonly cell: (item: Item) => Node | string;
  readonly isNumber?: boolean;
  /** Whether narrow pages do without. */
  readonly isExtra?: boolean;
}

export interface TableOptions<Item> {
  /** What the rows are called, for the line below: "file", "files". */
  readonly noun: readonly [one: string, several: string];
  readonly caption: string;
  readonly columns: readonly Column<Item>[];
  /** The column that rows are sorted by at first, in their own order if absent. */
  readonly sortedBy?: number;
  /** Whether the caption is above the table already, as a title; false if absent. */
  readonly isTitled?: boolean;
  readonly rowAttributes?: (item: Item) => Readonly<Record<string, string>>;
}

/** Rows that are made at once: a page never has all of 100,000. */
const ROWS = 100;

type Direction = "ascending" | "descending";

/** A table whose titles sort it, and which shows more rows when it is asked to. */
export class SortableTable<Item> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<Item>;
  readonly #caption = element("caption");
  readonly #head = element("tr");
  readonly #body = element("tbody");
  readonly #foot = element("p", { class: "more" });
  readonly #region: HTMLElement;
  #items: readonly Item[] = [];
  #first: Item | undefined;
  #sorted: readonly Item[] = [];
  #shown = 0;
  #order: { readonly column: number; readonly direction: Direction } | undefined;

  constructor(options: TableOptions<Item>) {
    this.#options = options;
    if (options.isTitled) this.#caption.className = "unseen";
    const table = element("table", {}, this.#caption, element("thead", {}, this.#head), this.#body);
    this.#region = element("div", { class: "scroll" }, table);
    this.element = element("div", { class: "table" }, this.#region, this.#foot);
    if (options.sortedBy !== undefined) this.#order = this.#firstOrder(options.sortedBy);
    new ResizeObserver(() => this.#fit()).observe(this.#region);
    this.#headings();
  }

  /** Other rows, and what they are; `first` stands before all others, however they are sorted. */
  show(items: readonly Item[], caption = this.#options.caption, first?: Item): void {
    this.#items = items;
    this.#first = first;
    this.#caption.textContent = caption;
    this.#region.setAttribute("aria-label", caption);
    this.#sort();
  }

  #firstOrder(column: number): { column: number; direction: Direction } {
    return { column, direction: this.#options.columns[column]?.isNumber ? "descending" : "ascending" };
  }

  #headings(): void {
    const cells = this.#options.columns.map((column, index) => {
      const isSorted = this.#order?.column === index;
      const attributes = {
        scope: "col",
        class: classesOf(column),
        "aria-sort": isSorted ? this.#order?.direction : undefined,
      };
      if (column.by === undefined) return element("th", attributes, column.title);
      const button = element("button", { type: "button" }, column.title);
      button.addEventListener("click", () => this.#sortBy(index));
      return element("th", attributes, button);
    });
    this.#head.replaceChildren(...cells);
  }

  #sortBy(column: number): void {
    const order = this.#order;
    const other = order?.direction === "ascending" ? "descending" : "ascending";
    this.#order = order?.column === column ? { column, direction: other } : this.#firstOrder(column);
    this.#headings();
    this.#head.querySelectorAll("button")[this.#buttonOf(column)]?.focus();
    this.#sort();
  }

  #buttonOf(column: number): number {
    return this.#options.columns.slice(0, column).filter(({ by }) => by !== undefined).length;
  }

  #sort(): void {
    const order = this.#order;
    const by = order && this.#options.columns[order.column]?.by;
    const sign = order?.direction === "descending" ? -1 : 1;
    const first = this.#first;
    const others = first === undefined ? this.#items : this.#items.filter((item) => item !== first);
    const sorted = by === undefined ? others : [...others].sort((a, b) => sign * compared(by(a), by(b)));
    this.#sorted = first === undefined ? sorted : [first, ...sorted];
    this.#body.replaceChildren();
    this.#shown = 0;
    this.#more();
  }

  #more(): void {
    const rows = this.#sorted.slice(this.#shown, this.#shown + ROWS);
    this.#body.append(...rows.map((item) => this.#row(item)));
    this.#shown += rows.length;
    this.#foot.replaceChildren();
    const left = this.#sorted.length - this.#shown;
    if (left <= 0) return;
    const [one, several] = this.#options.noun;
    const button = element("button", { type: "button" }, `Show ${Math.min(ROWS, left)} more`);
    button.addEventListener("click", () => {
      const first = this.#shown;
      this.#more();
      const row = this.#body.children[first];
      if (row instanceof HTMLElement) {
        row.tabIndex = -1;
        row.focus();
      }
    });
    this.#foot.append(button, ` of ${counted(left, one, several)} that are not shown`);
  }

  #row(item: Item): HTMLElement {
    const cells = this.#options.columns.map((column, index) => {
      const attributes = { class: classesOf(column), ...(index === 0 ? { scope: "row" } : {}) };
      return element(index === 0 ? "th" : "td", attributes, column.cell(item));
    });
    return element("tr", this.#options.rowAttributes?.(item), ...cells);
  }

  /** What scrolls is to be reached by keys. */
  #fit(): void {
    const scrolls = this.#region.scrollWidth > this.#region.clientWidth + 1;
    if (!scrolls) {
      this.#region.removeAttribute("tabindex");
      this.#region.removeAttribute("role");
    } else {
      this.#region.tabIndex = 0;
      this.#region.setAttribute("role", "region");
    }
  }
}

function classesOf<Item>({ isNumber, isExtra }: Column<Item>): string | undefined {
  const classes = [...(isNumber ? ["number"] : []), ...(isExtra ? ["extra"] : [])];
  return classes.length === 0 ? undefined : classes.join(" ");
}

function compared(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
