/** Finding and checking the signatures of an image: sigstore/cosign specs/SIGNATURE_SPEC.md, OCI distribution "Referrers". */
import type { KeyObject } from "node:crypto";
import { Docker2vmError, EXIT } from "../errors.ts";
import { header } from "../http/headers.ts";
import { type Descriptor, readDescriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseDocument } from "../oci/document.ts";
import { type ImageIndex, parseIndex } from "../oci/index-document.ts";
import { isManifest, OCI_INDEX } from "../oci/media-types.ts";
import type { RepositoryClient } from "./client.ts";
import type { RawManifest } from "./manifests.ts";
import type { Repository } from "./repository.ts";
import { isSignatureOf, PAYLOAD_LIMIT, SIGNATURE_ANNOTATION, SIMPLE_SIGNING } from "./simple-signing.ts";

/** Signatures and manifests of signatures that are looked at; more would be an attempt to keep this program busy. */
const LIMIT = 100;
/** Pages of a list of referrers that are read. */
const PAGES = 20;
/** What befalls a document that is itself to blame, or is gone. */
const BROKEN: ReadonlySet<number> = new Set([EXIT.badImage, EXIT.integrity, EXIT.notFound]);

/**
 * Returns only if one of the digests bears a valid signature by the key, under cosign's tag or among the referrers. An
 * index speaks for the manifests it lists, so that its signature is as good as theirs.
 * Throws E_SIGNATURE, and as the repository does.
 */
export async function requireSignature(
  repository: Repository,
  digests: readonly Digest[],
  key: KeyObject,
): Promise<void> {
  let seen = 0;
  const unreadable: Docker2vmError[] = [];
  for (const digest of new Set(digests)) {
    for await (const { payload, signature } of signaturesOf(repository, digest, unreadable)) {
      if (isSignatureOf(digest, payload, signature, key)) return;
      seen += 1;
      if (seen === LIMIT) break;
    }
  }
  const found =
    seen === 0 ? "bears no signature" : `bears ${seen} signatures, none of them valid by the key given`;
  const broken = unreadable.length === 0 ? "" : `; ${unreadable.length} could not be read`;
  throw new Docker2vmError("E_SIGNATURE", repository.name(`${digests[0]}: ${found}${broken}`), {
    hint: "the image is not what the key's owner signed: do not use it, or check that the key is the right one",
    cause: unreadable[0],
  });
}

interface Signature {
  readonly payload: Uint8Array;
  /** Base64. */
  readonly signature: string;
}

/** What cannot be read is put into `unreadable`: whoever may push to a repository must not be able to hide the others. */
async function* signaturesOf(
  repository: Repository,
  digest: Digest,
  unreadable: Docker2vmError[],
): AsyncGenerator<Signature> {
  for await (const open of signatureManifests(repository, digest)) {
    const manifest = await readable(open, unreadable);
    const layers = (await readable(async () => signedLayers(manifest, repository), unreadable)) ?? [];
    for (const layer of layers) {
      const signature = layer.annotations[SIGNATURE_ANNOTATION];
      if (signature === undefined) continue;
      const payload = await readable(() => repository.document(layer, PAYLOAD_LIMIT), unreadable);
      if (payload !== undefined) yield { payload, signature };
    }
  }
}

/** Undefined for a document that is broken or not there; other failures are thrown. */
async function readable<T>(read: () => Promise<T>, unreadable: Docker2vmError[]): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Docker2vmError) || !BROKEN.has(error.exitCode)) throw error;
    unreadable.push(error);
    return undefined;
  }
}

type OpenManifest = () => Promise<RawManifest | undefined>;

async function* signatureManifests(repository: Repository, digest: Digest): AsyncGenerator<OpenManifest> {
  const tag = digest.replace(":", "-");
  yield () => repository.tagged(`${tag}.sig`);
  let count = 0;
  for await (const referrers of referrersOf(repository, digest, tag)) {
    for (const referrer of referrers.manifests) {
      if (!isManifest(referrer.mediaType)) continue;
      if (++count > LIMIT) return;
      yield () => repository.described(referrer);
    }
  }
}

/** Page after page from the registry's own list, or where it has none, from the tag that stands in for it. */
async function* referrersOf(repository: Repository, digest: Digest, tag: string): AsyncGenerator<ImageIndex> {
  const where = repository.name(`referrers of ${digest}`);
  let path: string | undefined = `referrers/${digest}`;
  for (let page = 0; path !== undefined && page < PAGES; page++) {
    const asked: string = path;
    const listed = await repository.ask((client) => askReferrers(client, asked, digest));
    if (listed === undefined) break;
    yield parseIndex(listed.bytes, where, OCI_INDEX);
    if (listed.next === undefined) return;
    path = listed.next;
  }
  if (path !== `referrers/${digest}`) return;
  const tagged = await repository.tagged(tag);
  if (tagged !== undefined) yield parseIndex(tagged.bytes, where, tagged.mediaType);
}

interface ReferrersPage {
  readonly bytes: Uint8Array;
  /** Path of the next page in the repository. */
  readonly next: string | undefined;
}

async function askReferrers(
  client: RepositoryClient,
  path: string,
  digest: Digest,
): Promise<ReferrersPage | undefined> {
  const request = { path, what: `referrers of ${digest}`, headers: { accept: OCI_INDEX } };
  const { response, bytes } = await client.fetch(request, MANIFEST_LIMIT);
  if (response.status === 404) return undefined;
  return { bytes, next: nextPage(header(response.headers, "link"), digest) };
}

/** Of `<…/referrers/DIGEST?…>; rel="next"`, wherever else it may point: the same list of the same repository. */
function nextPage(link: string | undefined, digest: Digest): string | undefined {
  const query = /<[^<>]*\/referrers\/[^<>?]*(\?[^<>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  return query === undefined ? undefined : `referrers/${digest}${query}`;
}

/** Not parseManifest: an artifact's layers are no layers of an image. */
function signedLayers(manifest: RawManifest | undefined, repository: Repository): readonly Descriptor[] {
  if (manifest === undefined || !isManifest(manifest.mediaType)) return [];
  const { bytes, digest, mediaType } = manifest;
  const layers = parseDocument(bytes, repository.name(`signature ${digest}`), mediaType)
    .field("layers")
    .items();
  return layers
    .slice(0, LIMIT)
    .map(readDescriptor)
    .filter((layer) => layer.mediaType === SIMPLE_SIGNING);
}
