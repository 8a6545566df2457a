/** What image indexes and manifests have in common: a size limit, a schema version, and being only one of the two. */
import { type JsonValue, parseJson } from "./json.ts";
import { quote } from "./quote.ts";

/** Bytes an index or manifest may have: the size every registry must at least take (OCI distribution spec). */
export const MANIFEST_LIMIT = 4 << 20;

/**
 * Opens the raw bytes of an index or manifest. `document` names it in messages; `mediaType` is what the descriptor
 * that led here says it is, undefined for a layout's index.json, which has none.
 * Throws E_BAD_MANIFEST, and E_UNSUPPORTED for docker's schema 1.
 */
export function parseDocument(bytes: Uint8Array, document: string, mediaType: string | undefined): JsonValue {
  const value = parseJson(bytes, document, MANIFEST_LIMIT);
  const version = value.field("schemaVersion").count();
  if (version === 1) {
    throw value.error(
      "E_UNSUPPORTED",
      "docker's image manifest schema 1 is not supported",
      "push or save it anew",
    );
  }
  if (version !== 2) throw value.error("E_BAD_MANIFEST", `schemaVersion is ${version}, expected 2`);
  // One document that two readers take for different images (CVE-2021-41190).
  if (value.has("manifests") && (value.has("layers") || value.has("config"))) {
    throw value.error("E_BAD_MANIFEST", "is an index and a manifest at once");
  }
  const own = value.field("mediaType").optionalString();
  if (own !== undefined && mediaType !== undefined && own !== mediaType) {
    throw value.error("E_BAD_MANIFEST", `says it is ${quote(own)}, its descriptor says ${quote(mediaType)}`);
  }
  return value;
}
