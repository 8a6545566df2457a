/** What refers to a manifest: OCI distribution spec, "Listing Referrers" and "Referrers Tag Schema". */
import { contentType, header } from "../http/headers.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { parseIndex } from "../oci/index-document.ts";
import { OCI_INDEX } from "../oci/media-types.ts";
import type { RepositoryClient } from "./client.ts";
import { fetchManifest } from "./manifests.ts";
import { untilThere } from "./until-there.ts";

/** Characters of a digest that a tag takes. */
const TAG_HEX = 64;
/** What registries without a list of referrers answer, as go-containerregistry, which cosign uses, takes it. */
const NO_LIST: ReadonlySet<number> = new Set([400, 404, 405, 406, 501]);

/** What the list has of a manifest: image-spec descriptor.md, and distribution spec, "Listing Referrers". */
export interface ReferrerEntry {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A page of the list, not parsed. */
export interface RawReferrers {
  readonly bytes: Uint8Array;
  /** Path of the next page in the repository. */
  readonly next: string | undefined;
}

/** Path of the list's first page in the repository. */
export function referrersPath(digest: Digest): string {
  return `referrers/${digest}`;
}

/** The tag of the index that stands in for the list where a registry has none. */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest).slice(0, TAG_HEX)}`;
}

/** One page; undefined where the registry has no such list. Throws E_DENIED and NetworkError. */
export async function fetchReferrers(
  client: RepositoryClient,
  path: string,
  digest: Digest,
): Promise<RawReferrers | undefined> {
  const request = { path, what: `referrers of ${digest}`, headers: { accept: OCI_INDEX }, absent: NO_LIST };
  const { response, bytes } = await client.fetch(request, MANIFEST_LIMIT);
  // A registry that knows nothing of the list may show a page for people instead.
  if (response.status !== 200 || contentType(response.headers) !== OCI_INDEX) return undefined;
  return { bytes, next: nextPage(header(response.headers, "link"), digest) };
}

/** Of `<…/referrers/DIGEST?…>; rel="next"`, wherever else it may point: the same list of the same repository. */
function nextPage(link: string | undefined, digest: Digest): string | undefined {
  const query = /<[^<>]*\/referrers\/[^<>?]*(\?[^<>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  return query === undefined ? undefined : `${referrersPath(digest)}${query}`;
}

/** Adds an entry to the index that stands in for the list. Throws as fetchManifest does, E_DENIED and NetworkError. */
export async function addReferrer(
  client: RepositoryClient,
  subject: Digest,
  entry: ReferrerEntry,
): Promise<void> {
  const tag = referrersTag(subject);
  const where = `${client.endpoint.host}: referrers of ${subject}`;
  await untilThere(`${where}: ${entry.digest}`, async () => {
    const found = await fetchManifest(client, tag);
    const listed = found && parseIndex(found.bytes, where, found.mediaType);
    if (listed?.manifests.some(({ digest }) => digest === entry.digest) === true) return true;
    await putIndex(client, tag, withEntry(found?.bytes, entry));
    return false;
  });
}

/** As JSON that somebody else wrote: what is not known of it stays. */
function withEntry(index: Uint8Array | undefined, entry: ReferrerEntry): Uint8Array {
  const known: { readonly manifests?: readonly unknown[] | null } =
    index === undefined ? {} : JSON.parse(Buffer.from(index).toString("utf8"));
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      ...known,
      manifests: [...(known.manifests ?? []), entry],
    }),
  );
}

async function putIndex(client: RepositoryClient, tag: string, body: Uint8Array): Promise<void> {
  const what = `manifest ${tag}`;
  const headers = { "content-type": OCI_INDEX };
  const response = await client.send({ path: `manifests/${tag}`, what, method: "PUT", body, headers });
  if (response.status >= 300) throw await client.error(response, what);
  response.body.discard();
}
