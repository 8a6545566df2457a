/** Characters of one list's paths: what folders and two such lists have is not too long for one document. */
const MOST_CHARACTERS = 1 << 26;

/** What JSON writes in other characters: paths are whole UTF-8, so that no half of a pair is among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is written in others
const ESCAPED = /["\\\x00-\x1f]/;
const SHORT = /["\\\b\t\n\f\r]/;

/** How many characters a text has in JSON, without the quotes around it. */
export function charactersInJson(text: string): number {
  let characters = text.length;
  if (!ESCAPED.test(text)) return characters;
  for (const character of text) if (ESCAPED.test(character)) characters += SHORT.test(character) ? 1 : 5;
  return characters;
}

/**
 * How many paths of files a list can have. Those written through a link to a deep folder are some characters each in a
 * tar, and thousands each in a report.
 */
export class PathRoom {
  #left: number;

  constructor(most = MOST_CHARACTERS) {
    this.#left = most;
  }

  /** Whether there is room for the path too: once there is none, there is none for any other. */
  takes(path: string): boolean {
    if (this.#left < 0) return false;
    this.#left -= charactersInJson(path);
    return this.#left >= 0;
  }
}
