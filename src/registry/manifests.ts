/** Manifests and indexes over the network: OCI distribution spec, "Pulling manifests". */
import { Docker2vmError } from "../errors.ts";
import type { HttpResponse } from "../http/client.ts";
import { contentType, header } from "../http/headers.ts";
import { checkDigest, type Digest, isDigest, sha256Of } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseDocument } from "../oci/document.ts";
import type { RawManifest } from "../oci/manifest.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndex,
  isManifest,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../oci/media-types.ts";
import { quote } from "../oci/quote.ts";
import type { RepositoryClient } from "./client.ts";

const ACCEPT = [OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(", ");
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/**
 * The manifest under a tag or a digest; undefined where the server has none. Its bytes are checked against a digest
 * that was asked for. Throws E_DIGEST_MISMATCH, E_BAD_MANIFEST, E_UNSUPPORTED, E_DENIED and NetworkError.
 */
export async function fetchManifest(
  client: RepositoryClient,
  reference: string,
): Promise<RawManifest | undefined> {
  const what = `manifest ${reference}`;
  const request = { path: `manifests/${reference}`, what, headers: { accept: ACCEPT } };
  const { response, bytes } = await client.fetch(request, MANIFEST_LIMIT);
  if (response.status !== 200) return undefined;
  const where = `${client.endpoint.host}: ${what}`;
  if (isDigest(reference)) {
    checkDigest(bytes, reference, where);
    return { bytes, digest: reference, mediaType: mediaTypeOf(bytes, contentType(response.headers), where) };
  }
  const digest = sha256Of(bytes);
  warnOfOtherDigest(client, response, digest, where);
  return { bytes, digest, mediaType: mediaTypeOf(bytes, contentType(response.headers), where) };
}

/**
 * What a tag stands for, by its header alone; undefined where the registry does not tell, be it that it refuses or fails
 * at such a request: many a registry, and what stands before it, does so and answers the whole question.
 */
export async function headManifest(client: RepositoryClient, tag: string): Promise<Digest | undefined> {
  const response = await client.probe({
    path: `manifests/${tag}`,
    what: `manifest ${tag}`,
    method: "HEAD",
    headers: { accept: ACCEPT },
  });
  if (response === undefined) return undefined;
  response.body.discard();
  const digest = header(response.headers, "docker-content-digest");
  return response.status === 200 && digest !== undefined && isDigest(digest) ? digest : undefined;
}

/**
 * The media type of a manifest: what the server says, if that is one of a manifest, else what the document says or is.
 * Throws E_BAD_MANIFEST where server and document contradict each other, E_UNSUPPORTED for schema 1.
 */
export function mediaTypeOf(bytes: Uint8Array, said: string | undefined, where: string): string {
  if (said !== undefined && SCHEMA_1.test(said)) {
    throw new Docker2vmError("E_UNSUPPORTED", `${where}: docker's image manifest schema 1 is not supported`, {
      hint: "push the image anew with a current program",
    });
  }
  const known = said !== undefined && (isIndex(said) || isManifest(said)) ? said : undefined;
  const document = parseDocument(bytes, where, known);
  const own = known ?? document.field("mediaType").optionalString();
  if (own !== undefined && (isIndex(own) || isManifest(own))) return own;
  if (own === undefined && document.has("manifests")) return OCI_INDEX;
  if (own === undefined && document.has("layers")) return OCI_MANIFEST;
  throw document.error("E_UNSUPPORTED", `${quote(own ?? said ?? "")} is not a manifest of an image`);
}

/** Registries have been wrong about it, so that the own sum decides. */
function warnOfOtherDigest(
  client: RepositoryClient,
  { headers }: HttpResponse,
  digest: Digest,
  where: string,
): void {
  const said = header(headers, "docker-content-digest");
  if (said === undefined || !said.startsWith("sha256:") || said === digest) return;
  client.context.onEvent({
    type: "warning",
    message: `${where}: the registry calls it ${quote(said)}, but its bytes hash to ${digest}`,
  });
}
