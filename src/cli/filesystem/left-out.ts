/** Files that did not come along, for a reader and for a program. */
import type { LeftOut } from "../../filesystem/reading/extract.ts";
import { printable } from "../printable.ts";
import { bytesAsText } from "./text.ts";

export function leftOutLine({ path, why }: LeftOut): string {
  return `left out: ${printable(bytesAsText(path))}: ${why}\n`;
}

export function leftOutJson(leftOut: readonly LeftOut[]): LeftOut[] {
  return leftOut.map(({ path, why }) => ({ path: bytesAsText(path), why }));
}
