import { CONFIG_LIMIT, type ImageConfig, parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseIndex } from "../oci/index-document.ts";
import { type ImageManifest, parseManifest, type RawManifest } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-types.ts";
import type { StatedPlatform, WantedPlatform } from "../oci/platform.ts";
import { type ReadIndex, selectManifest } from "../oci/select.ts";
import { settlePlatform } from "../oci/settle-platform.ts";
import type { Repository } from "../registry/repository.ts";
import type { RegistrySession } from "./registry-session.ts";
import { pairWithDiffIds } from "./resolve-manifest.ts";
import type { ResolvedImage } from "./source.ts";

/** A manifest that is here and checked. */
export interface FoundManifest extends ImageManifest {
  readonly digest: Digest;
  /** What messages call it. */
  readonly where: string;
  /** What the index says of its platform that lists it, if one does. */
  readonly listed: StatedPlatform | undefined;
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
  platform: WantedPlatform,
): Promise<FoundManifest> {
  const { repository } = session;
  const chosen = await chooseManifest(repository, root, platform);
  const manifest = chosen === undefined ? root : await repository.described(chosen);
  await checkSignature(session, [manifest, root]);
  return { ...parseFound(repository, manifest), listed: chosen?.platform };
}

function parseFound(repository: Repository, { bytes, digest, mediaType }: RawManifest) {
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

/** What a manifest and its config amount to. Throws as the repository, the parsers and settlePlatform do. */
export async function findImage(
  { repository }: RegistrySession,
  manifest: FoundManifest,
  wanted: WantedPlatform,
): Promise<FoundImage> {
  const { digest, where, listed } = manifest;
  const config = await fetchConfig(repository, manifest);
  const { platform, warnings } = settlePlatform({ config, listed }, wanted, where);
  return {
    manifestDigest: digest,
    platform,
    config,
    layers: pairWithDiffIds(manifest.layers, config, where),
    warnings: [...config.warnings, ...warnings],
  };
}

async function fetchConfig(repository: Repository, { config }: ImageManifest): Promise<ImageConfig> {
  const bytes = await repository.document(config, CONFIG_LIMIT, "config");
  return parseConfig(bytes, repository.name(`config ${config.digest}`));
}

/** The manifest that an index lists for the platform; undefined where the root is no index. */
async function chooseManifest(
  repository: Repository,
  root: RawManifest,
  platform: WantedPlatform,
): Promise<Descriptor | undefined> {
  if (!isIndex(root.mediaType)) return undefined;
  const read = {
    index: indexReader(repository),
    platform: async (listed: Descriptor) =>
      fetchConfig(repository, parseFound(repository, await repository.described(listed))),
  };
  const where = repository.name(`index ${root.digest}`);
  return selectManifest(readIndexOf(repository, root), platform, read, where);
}

/** Parses an index that was fetched. */
export function readIndexOf(repository: Repository, { bytes, digest, mediaType }: RawManifest): ImageIndex {
  return parseIndex(bytes, repository.name(`index ${digest}`), mediaType);
}

/** Fetches what an index lists as indexes. */
export function indexReader(repository: Repository): ReadIndex {
  return async (descriptor) => readIndexOf(repository, await repository.described(descriptor));
}
