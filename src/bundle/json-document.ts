/** JSON documents that users hand in: what every reader of JSON takes alike, and what some pass over. */
import { reasonOf } from "../errors.ts";
import type { Json } from "./merge-patch.ts";

/** Bytes a document may have: none that is meant comes near. */
export const DOCUMENT_LIMIT = 4 << 20;
/** Levels of lists and objects in one another: readers go down by recursion. */
const DEEPEST = 500;

export interface JsonDocument {
  readonly value: Json;
  /** Fields that an object has twice, as JSON Pointers: the last counts, and in some readers both. */
  readonly repeated: readonly string[];
}

/** The document, or why it is none, as a clause. */
export function parseDocument(bytes: Uint8Array): JsonDocument | string {
  if (bytes.length > DOCUMENT_LIMIT) return `has ${bytes.length} bytes, more than ${DOCUMENT_LIMIT}`;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "is not UTF-8";
  }
  const { deepest, repeated } = scan(text);
  if (deepest > DEEPEST) return `has more than ${DEEPEST} lists and objects in one another`;
  try {
    return { value: JSON.parse(text), repeated };
  } catch (error) {
    return `is not JSON: ${reasonOf(error)}`;
  }
}

interface Level {
  readonly path: string;
  /** Of an object, its names so far; undefined for a list. */
  readonly names: Set<string> | undefined;
  /** The name or place of what comes. */
  at: string | number;
}

// A string without an end goes to that of the text: else each quote in it would be tried as a beginning.
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\],:]/gs;

function scan(text: string): Scan {
  const scan = new Scan();
  for (const [token] of text.matchAll(TOKENS)) {
    scan.take(token);
    if (scan.deepest > DEEPEST) break;
  }
  return scan;
}

/** Goes by brackets, commas and strings alone; of what is no JSON nothing that it says counts. */
class Scan {
  readonly repeated: string[] = [];
  deepest = 0;
  readonly #levels: Level[] = [];
  /** Whether a string that comes is a name. */
  #isName = false;

  take(token: string): void {
    const level = this.#levels.at(-1);
    if (token === "{" || token === "[") this.#open(level, token === "{");
    else if (token === "}" || token === "]") this.#levels.pop();
    else if (token === ",") this.#next(level);
    else if (token !== ":" && this.#isName && level?.names !== undefined)
      this.#name(level, level.names, token);
  }

  #open(level: Level | undefined, isObject: boolean): void {
    const path = level === undefined ? "" : pointer(level);
    this.#levels.push({ path, names: isObject ? new Set() : undefined, at: 0 });
    this.deepest = Math.max(this.deepest, this.#levels.length);
    this.#isName = isObject;
  }

  #next(level: Level | undefined): void {
    this.#isName = level?.names !== undefined;
    if (typeof level?.at === "number") level.at++;
  }

  #name(level: Level, names: Set<string>, token: string): void {
    this.#isName = false;
    level.at = unescaped(token);
    if (names.has(level.at)) this.repeated.push(pointer(level));
    names.add(level.at);
  }
}

function pointer({ path, at }: Level): string {
  return `${path}/${String(at).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function unescaped(token: string): string {
  try {
    return JSON.parse(token);
  } catch {
    return token;
  }
}
