/** What parts of a page are made of. */
import { formatBytes } from "../../../format-bytes.ts";
import { quoted } from "./dom.ts";
import { SortableTable, type TableOptions } from "./table.ts";

/** A part of the page: its title, and what is in it. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly parts: readonly HTMLElement[];
}

export function tableOf<Item>(items: readonly Item[], options: TableOptions<Item>): HTMLElement {
  const table = new SortableTable(options);
  table.show(items);
  return table.element;
}

export const bytesColumn = <Item>(title: string, of: (item: Item) => number) => ({
  title,
  isNumber: true,
  by: of,
  cell: (item: Item) => formatBytes(of(item)),
});
export const pathColumn = <Item extends { readonly path: string }>() => ({
  title: "Path",
  by: ({ path }: Item) => path,
  cell: ({ path }: Item) => quoted(path),
});

export function section(
  id: string,
  title: string,
  lead: string,
  count: number,
  make: () => HTMLElement,
): Section | undefined {
  return count === 0 ? undefined : { id, title, lead, parts: [make()] };
}
