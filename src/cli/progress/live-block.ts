import { withoutColours } from "../colour.ts";
import type { Output } from "../host.ts";

/**
 * Lines at the bottom of a terminal that are drawn over one another. The cursor rests below them and is never
 * hidden or saved, so a process that dies leaves the terminal as it should be.
 */
export class LiveBlock {
  readonly #output: Output;
  #drawn: readonly string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.#output.write(this.#erasure() + text);
    this.#drawn = lines;
  }

  /** Takes the block away and prints text in its place. */
  replace(text: string): void {
    this.#output.write(this.#erasure() + text);
    this.#drawn = [];
  }

  #erasure(): string {
    const rows = rowsOf(this.#drawn, screenOf(this.#output).columns);
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  }
}

/** The size of the terminal; one that does not know its own says nothing or 0. */
export function screenOf(output: Output): { readonly columns: number; readonly rows: number } {
  return { columns: output.columns || 80, rows: output.rows || 24 };
}

/** Rows the lines take: a terminal made narrower since has wrapped them. */
export function rowsOf(lines: readonly string[], columns: number): number {
  const width = Math.max(1, columns);
  return lines.reduce((rows, line) => {
    const length = withoutColours(line).length;
    return rows + Math.max(1, Math.ceil(length / width));
  }, 0);
}
