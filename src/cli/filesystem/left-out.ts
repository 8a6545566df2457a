/** Files that did not come along, for a reader and for a program. */
import type { LeftOut } from "../../filesystem/reading/extract.ts";
import { printable } from "../printable.ts";
import { bytesAsText } from "./text.ts";

export function leftOutLine({ path, why }: LeftOut): string {
  return `left out: ${printable(bytesAsText(path))}: ${why}\n`;
}

/** A file that did not come along, for a program. */
export interface LeftOutDocument extends Omit<LeftOut, "path"> {
  /** Below where it began: UTF-8, U+FFFD for what is none. */
  readonly path: string;
}

export function leftOutJson(leftOut: readonly LeftOut[]): LeftOutDocument[] {
  return leftOut.map(({ path, why }) => ({ path: bytesAsText(path), why }));
}
