/** Image indexes and docker manifest lists: OCI image spec image-index.md. */
import { type Descriptor, readDescriptor } from "./descriptor.ts";
import { parseDocument } from "./document.ts";
import { isIndex } from "./media-types.ts";
import { quote } from "./quote.ts";

export interface ImageIndex {
  readonly manifests: readonly Descriptor[];
}

/** A part of the list of what refers to a manifest. */
export interface ReferrersPage extends ImageIndex {
  /** Bytes that were read for it. */
  readonly size: number;
}

/**
 * Parses the raw bytes of an index; the arguments are parseDocument's. `manifests: null` is an empty list: docker 25
 * wrote such files. Throws as parseDocument does.
 */
export function parseIndex(bytes: Uint8Array, document: string, mediaType?: string): ImageIndex {
  const value = parseDocument(bytes, document, mediaType);
  const own = value.field("mediaType");
  if (!own.missing && !isIndex(own.string())) {
    throw own.error("E_BAD_MANIFEST", `${quote(own.string())} is not an image index`);
  }
  const manifests = value.field("manifests");
  if (!value.has("manifests")) throw manifests.error("E_BAD_MANIFEST", "expected a list, found nothing");
  return { manifests: manifests.items().map(readDescriptor) };
}
