import type { Environment, Output } from "./host.ts";

export type Paint = (style: keyof typeof SGR, text: string) => string;

/** "Select graphic rendition" parameters (ECMA-48). */
const SGR = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;

/** Colours where the stream is a terminal that has them and NO_COLOR (no-color.org) does not forbid it. */
export function paintFor(output: Output, env: Environment): Paint {
  const plain = output.isTTY !== true || env["TERM"] === "dumb" || (env["NO_COLOR"] ?? "") !== "";
  return plain ? unpainted : (style, text) => `\x1b[${SGR[style]}m${text}\x1b[0m`;
}

export const unpainted: Paint = (_style, text) => text;

/** What `Paint` puts around a text, whatever the style. */
const SEQUENCE = new RegExp(`${String.fromCharCode(0x1b)}\\[\\d+m`, "g");

/** The text as wide as it is shown. */
export function withoutColours(text: string): string {
  return text.replace(SEQUENCE, "");
}
