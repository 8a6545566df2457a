/** What says of a kept result which files it has: written and read. */
import type { Digest } from "../oci/digest.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import { sealed, unsealed } from "./sealed-document.ts";

/** What the document is called in the result's folder; its time of change is when the result was last used. */
export const DOCUMENT_NAME = "result.json";
/** Bytes that it may have. */
export const DOCUMENT_LIMIT = 16 << 20;

/** A file of a result. At least one of stamp and checksums is there: without, nothing could say that it is as it was. */
export interface KeptFile {
  readonly name: string;
  /** Bytes, holes included. */
  readonly size: number;
  /** As `stampOf` tells it; undefined where that says nothing of the bytes. */
  readonly stamp: string | undefined;
  /** As `copyPiecewise` tells them; undefined where nobody has read the bytes. */
  readonly checksums: readonly string[] | undefined;
}

export interface ResultDocument {
  readonly key: Digest;
  /** Whatever else belongs to the result. */
  readonly note: string;
  readonly files: readonly KeptFile[];
}

export function resultDocument({ key, note, files }: ResultDocument): Uint8Array {
  return sealed({ schemaVersion: 2, key, note, files });
}

/** Undefined for what is not whole, or of another key. Throws E_BAD_MANIFEST for what nobody has written so. */
export function parseResult(bytes: Uint8Array, key: Digest, where: string): ResultDocument | undefined {
  const text = unsealed(bytes);
  if (text === undefined) return undefined;
  const value = parseJson(text, where, DOCUMENT_LIMIT);
  if (value.field("schemaVersion").count() !== 2 || value.field("key").string() !== key) return undefined;
  const files = value.field("files").items().map(readFile);
  return { key, note: value.field("note").string(), files };
}

function readFile(value: JsonValue): KeptFile {
  const checksums = value.field("checksums");
  return {
    name: value.field("name").string(),
    size: value.field("size").count(),
    stamp: value.field("stamp").optionalString(),
    checksums: checksums.missing ? undefined : checksums.strings(),
  };
}
