/** The UTF-8 bytes of a string out of a JSON document, one character each. */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A word of a POSIX shell that stands for exactly these bytes: XCU 2.2.2, "Single-Quotes". */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export function quotedAll(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}
