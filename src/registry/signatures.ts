/** Finding and checking the signatures of an image: sigstore/cosign specs/SIGNATURE_SPEC.md, OCI distribution "Referrers". */
import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
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
  for (const digest of new Set(digests)) {
    for await (const { payload, signature } of signaturesOf(repository, digest)) {
      if (isSignatureOf(digest, payload, signature, key)) return;
      seen += 1;
      if (seen === LIMIT) break;
    }
  }
  const found =
    seen === 0 ? "bears no signature" : `bears ${seen} signatures, none of them valid by the key given`;
  throw new Docker2vmError("E_SIGNATURE", repository.name(`${digests[0]}: ${found}`), {
    hint: "the image is not what the key's owner signed: do not use it, or check that the key is the right one",
  });
}

interface Signature {
  readonly payload: Uint8Array;
  /** Base64. */
  readonly signature: string;
}

async function* signaturesOf(repository: Repository, digest: Digest): AsyncGenerator<Signature> {
  for await (const manifest of signatureManifests(repository, digest)) {
    for (const layer of signedLayers(manifest, repository)) {
      const signature = layer.annotations[SIGNATURE_ANNOTATION];
      if (signature === undefined) continue;
      yield { payload: await repository.document(layer, PAYLOAD_LIMIT), signature };
    }
  }
}

async function* signatureManifests(repository: Repository, digest: Digest): AsyncGenerator<RawManifest> {
  const tag = digest.replace(":", "-");
  const tagged = await repository.tagged(`${tag}.sig`);
  if (tagged !== undefined) yield tagged;
  const referrers = await referrersOf(repository, digest, tag);
  for (const referrer of referrers.manifests.slice(0, LIMIT)) {
    if (isManifest(referrer.mediaType)) yield await repository.described(referrer);
  }
}

/** From the registry's own list, or where it has none, from the tag that stands in for it. */
async function referrersOf(repository: Repository, digest: Digest, tag: string): Promise<ImageIndex> {
  const where = repository.name(`referrers of ${digest}`);
  const listed = await repository.ask((client) => askReferrers(client, digest));
  if (listed !== undefined) return parseIndex(listed, where, OCI_INDEX);
  const tagged = await repository.tagged(tag);
  return tagged === undefined ? { manifests: [] } : parseIndex(tagged.bytes, where, tagged.mediaType);
}

async function askReferrers(client: RepositoryClient, digest: Digest): Promise<Uint8Array | undefined> {
  const request = {
    path: `referrers/${digest}`,
    what: `referrers of ${digest}`,
    headers: { accept: OCI_INDEX },
  };
  const { response, bytes } = await client.fetch(request, MANIFEST_LIMIT);
  return response.status === 404 ? undefined : bytes;
}

/** Not parseManifest: an artifact's layers are no layers of an image. */
function signedLayers(
  { bytes, digest, mediaType }: RawManifest,
  repository: Repository,
): readonly Descriptor[] {
  if (!isManifest(mediaType)) return [];
  const layers = parseDocument(bytes, repository.name(`signature ${digest}`), mediaType)
    .field("layers")
    .items();
  return layers
    .slice(0, LIMIT)
    .map(readDescriptor)
    .filter((layer) => layer.mediaType === SIMPLE_SIGNING);
}
