/** Names of a filesystem are bytes: inside, strings of one character for each; for callers, text. */

/** As UTF-8 where the bytes are that, U+FFFD where they are not. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The bytes of a path, as text or as they are, one character each. */
export function bytesOf(path: string | Uint8Array): string {
  return (typeof path === "string" ? Buffer.from(path, "utf8") : Buffer.from(path)).toString("latin1");
}
