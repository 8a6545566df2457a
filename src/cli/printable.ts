import { printable } from "../printable.ts";

export { printable } from "../printable.ts";

/** One word of a command as a shell would have to be given it. */
export function shellWord(word: string): string {
  const text = printable(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
