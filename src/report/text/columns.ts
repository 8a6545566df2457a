import { printable } from "../../printable.ts";

/** A cell of a table: text, or a number of something with what is written for it. */
export type Cell = string;

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** Characters at most, all of them that matter at the end if `keep` says so. */
  readonly most?: number;
  readonly keep?: "begin" | "end";
}

/** Rows below their titles, each column as wide as it must be; what drives a terminal is made visible. */
export function columns(titles: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "";
  const shown = rows.map((row) => row.map((cell, i) => shortened(printable(cell), titles[i])));
  const all = [titles.map(({ title }) => title), ...shown];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return titles[i]?.align === "right" ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${cells.join("  ").trimEnd()}\n`;
  };
  return all.map(line).join("");
}

function shortened(text: string, column: Column | undefined): string {
  const most = column?.most ?? text.length;
  if (text.length <= most) return text;
  return column?.keep === "end" ? `…${text.slice(text.length - most + 1)}` : `${text.slice(0, most - 1)}…`;
}
