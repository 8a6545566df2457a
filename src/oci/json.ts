/** Reading JSON that somebody else wrote: every value knows its document and path, so every error can name them. */
import { Docker2vmError, type ErrorCode, reasonOf } from "../errors.ts";
import { quote } from "./quote.ts";

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Parses a whole document of at most `limit` bytes. `document` names it in messages.
 * Throws E_BAD_MANIFEST for more bytes, bytes that are not UTF-8, and text that is not JSON.
 */
export function parseJson(bytes: Uint8Array, document: string, limit: number): JsonValue {
  if (bytes.length > limit) {
    throw new Docker2vmError(
      "E_BAD_MANIFEST",
      `${document}: ${bytes.length} bytes are more than the ${limit} a document may have`,
    );
  }
  try {
    // A byte order mark is kept, so that JSON.parse refuses it as other readers do.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return new JsonValue(document, "", JSON.parse(text));
  } catch (cause) {
    throw new Docker2vmError("E_BAD_MANIFEST", `${document}: not valid JSON: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * A value and where it stands. Absent and null are the same everywhere, as they are to the Go programs that write
 * most of these documents. Every reader throws E_BAD_MANIFEST, with document and path, for a value of another type.
 */
export class JsonValue {
  readonly #document: string;
  readonly #path: string;
  readonly #value: unknown;

  constructor(document: string, path: string, value: unknown) {
    this.#document = document;
    this.#path = path;
    this.#value = value;
  }

  /** Document and path: `/images/alpine: index.json: manifests[0].size`. */
  get where(): string {
    return this.#path === "" ? this.#document : `${this.#document}: ${this.#path}`;
  }

  /** Whether the value is absent or null. */
  get missing(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  /** Whether the value is an object that has the field, be it null. */
  has(name: string): boolean {
    return isObject(this.#value) && Object.hasOwn(this.#value, name);
  }

  /** The field of an object, which may be missing. */
  field(name: string): JsonValue {
    if (!isObject(this.#value)) throw this.#wrongType("an object");
    const path = IDENTIFIER.test(name) ? `${this.#path}.${name}` : `${this.#path}[${quote(name)}]`;
    const value = Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
    return new JsonValue(this.#document, this.#path === "" ? path.replace(/^\./, "") : path, value);
  }

  string(): string {
    if (typeof this.#value !== "string") throw this.#wrongType("a string");
    return this.#value;
  }

  optionalString(): string | undefined {
    return this.missing ? undefined : this.string();
  }

  boolean(): boolean {
    if (typeof this.#value !== "boolean") throw this.#wrongType("true or false");
    return this.#value;
  }

  /** A count of something: a safe integer of at least 0. */
  count(): number {
    if (typeof this.#value !== "number" || !Number.isSafeInteger(this.#value) || this.#value < 0) {
      throw this.#wrongType("a whole number from 0 to 2^53 - 1");
    }
    return this.#value;
  }

  /** The elements of a list; none when it is missing. */
  items(): readonly JsonValue[] {
    if (this.missing) return [];
    if (!Array.isArray(this.#value)) throw this.#wrongType("a list");
    return this.#value.map((item: unknown, i) => new JsonValue(this.#document, `${this.#path}[${i}]`, item));
  }

  strings(): readonly string[] {
    return this.items().map((item) => item.string());
  }

  /** The field names of an object; none when it is missing. */
  names(): readonly string[] {
    if (this.missing) return [];
    if (!isObject(this.#value)) throw this.#wrongType("an object");
    return Object.keys(this.#value);
  }

  /** An object whose values are all strings; empty when it is missing. */
  stringMap(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.names().map((name) => [name, this.field(name).string()]));
  }

  /** An error about this value, to be thrown. */
  error(code: ErrorCode, message: string, hint?: string): Docker2vmError {
    return new Docker2vmError(code, `${this.where}: ${message}`, { hint });
  }

  #wrongType(expected: string): Docker2vmError {
    return this.error("E_BAD_MANIFEST", `expected ${expected}, found ${describe(this.#value)}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return quote(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
