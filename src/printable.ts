// Control characters, and those that turn the direction of what follows: the C0 and C1 sets, the line and paragraph
// separators, the bidirectional embeddings and isolates.
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The text with everything that could drive a terminal made visible (`\x1b`, `\n`): labels, commands and paths come
 * from images, which are other people's.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x0a) return "\\n";
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
