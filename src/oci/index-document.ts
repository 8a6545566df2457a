/** Image indexes and docker manifest lists: OCI image spec image-index.md. */
import { Docker2vmError } from "../errors.ts";
import { type Descriptor, readDescriptor } from "./descriptor.ts";
import { parseDocument } from "./document.ts";
import type { JsonValue } from "./json.ts";
import { isIndex } from "./media-types.ts";
import { readPlatform, type StatedPlatform } from "./platform.ts";
import { quote } from "./quote.ts";

export interface ImageIndex {
  readonly manifests: readonly Descriptor[];
  /** Entries that cannot be read; absent: none. They are in nobody's way who means another one. */
  readonly unreadable?: readonly UnreadableEntry[];
}

/** What can be told of an entry that cannot be read as a whole. */
export interface UnreadableEntry {
  readonly error: Docker2vmError;
  readonly mediaType?: string | undefined;
  /** As it is written: it may be none. */
  readonly digest?: string | undefined;
  readonly platform?: StatedPlatform | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A part of the list of what refers to a manifest. */
export interface ReferrersPage extends ImageIndex {
  /** Bytes that were read for it. */
  readonly size: number;
}

/**
 * Parses the raw bytes of an index; the arguments are parseDocument's. `manifests: null` is an empty list: docker 25
 * wrote such files. Throws as parseDocument does, but not over an entry.
 */
export function parseIndex(bytes: Uint8Array, document: string, mediaType?: string): ImageIndex {
  const value = parseDocument(bytes, document, mediaType);
  const own = value.field("mediaType");
  if (!own.missing && !isIndex(own.string())) {
    throw own.error("E_BAD_MANIFEST", `${quote(own.string())} is not an image index`);
  }
  const listed = value.field("manifests");
  if (!value.has("manifests")) throw listed.error("E_BAD_MANIFEST", "expected a list, found nothing");
  const manifests: Descriptor[] = [];
  const unreadable: UnreadableEntry[] = [];
  for (const entry of listed.items()) {
    const read = readEntry(entry);
    if ("error" in read) unreadable.push(read);
    else manifests.push(read);
  }
  return unreadable.length === 0 ? { manifests } : { manifests, unreadable };
}

function readEntry(entry: JsonValue): Descriptor | UnreadableEntry {
  try {
    return readDescriptor(entry);
  } catch (error) {
    if (!(error instanceof Docker2vmError)) throw error;
    return {
      error,
      mediaType: ifReadable(() => entry.field("mediaType").string()),
      digest: ifReadable(() => entry.field("digest").string()),
      platform: ifReadable(() => readPlatform(entry.field("platform"))),
      annotations: ifReadable(() => entry.field("annotations").stringMap()) ?? {},
    };
  }
}

function ifReadable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Docker2vmError) return undefined;
    throw error;
  }
}
