import { CONFIG_LIMIT, parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseIndex } from "../oci/index-document.ts";
import { type ImageManifest, parseManifest, type RawManifest } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-types.ts";
import type { Platform } from "../oci/platform.ts";
import { type ReadIndex, selectManifest } from "../oci/select.ts";
import type { Repository } from "../registry/repository.ts";
import type { RegistrySession } from "./registry-session.ts";
import { checkPlatform, pairWithDiffIds, platformOf } from "./resolve-manifest.ts";
import type { ResolvedImage } from "./source.ts";

/** A manifest that is here and checked. */
export interface FoundManifest extends ImageManifest {
  readonly digest: Digest;
  /** What messages call it. */
  readonly where: string;
}

/** An image whose documents are here and checked, and whose layers are still to come, from the base upwards. */
export interface FoundImage extends Omit<ResolvedImage, "layers"> {
  readonly layers: ReturnType<typeof pairWithDiffIds<Descriptor>>;
}

/**
 * From what the name stands for to the manifest for a platform, the signature checked where one is demanded. Throws as
 * the repository, the parsers and requireSignature do.
 */
export async function findManifest(
  session: RegistrySession,
  root: RawManifest,
  platform: Platform,
): Promise<FoundManifest> {
  const { repository } = session;
  const manifest = await chooseManifest(repository, root, platform);
  await checkSignature(session, [manifest, root]);
  const { bytes, digest, mediaType } = manifest;
  const where = repository.name(`manifest ${digest}`);
  return { ...parseManifest(bytes, where, mediaType), digest, where };
}

/** Only where a signature is demanded. Throws as requireSignature does. */
export async function checkSignature(
  { repository, verifyKey }: RegistrySession,
  manifests: readonly RawManifest[],
): Promise<void> {
  if (verifyKey === undefined) return;
  // Loaded when it is wanted: few pulls demand a signature.
  const { requireSignature } = await import("../signature/require-signature.ts");
  await requireSignature(repository, manifests, verifyKey);
}

/** What a manifest and its config amount to. Throws as the repository, the parsers and checkPlatform do. */
export async function findImage(
  { repository }: RegistrySession,
  manifest: FoundManifest,
  platform: Platform,
): Promise<FoundImage> {
  const { digest, where } = manifest;
  const configBytes = await repository.document(manifest.config, CONFIG_LIMIT);
  const config = parseConfig(configBytes, repository.name(`config ${manifest.config.digest}`));
  checkPlatform(config, platform, where);
  return {
    manifestDigest: digest,
    platform: platformOf(config),
    config,
    layers: pairWithDiffIds(manifest.layers, config, where),
  };
}

/** The manifest itself, or the one that an index lists for the platform. */
async function chooseManifest(
  repository: Repository,
  root: RawManifest,
  platform: Platform,
): Promise<RawManifest> {
  if (!isIndex(root.mediaType)) return root;
  const index = readIndexOf(repository, root);
  const readIndex = indexReader(repository);
  const where = repository.name(`index ${root.digest}`);
  return repository.described(await selectManifest(index, platform, readIndex, where));
}

/** Parses an index that was fetched. */
export function readIndexOf(repository: Repository, { bytes, digest, mediaType }: RawManifest): ImageIndex {
  return parseIndex(bytes, repository.name(`index ${digest}`), mediaType);
}

/** Fetches what an index lists as indexes. */
export function indexReader(repository: Repository): ReadIndex {
  return async (descriptor) => readIndexOf(repository, await repository.described(descriptor));
}
