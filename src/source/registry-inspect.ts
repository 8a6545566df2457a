import { Docker2vmError } from "../errors.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-types.ts";
import type { Platform, StatedPlatform, WantedPlatform } from "../oci/platform.ts";
import { walkIndex } from "../oci/select.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { checkSignature, findImage, findManifest, indexReader, readIndexOf } from "./registry-resolve.ts";
import { openSession, type RegistrySession } from "./registry-session.ts";

/** What a registry tells of an image without its layers. */
export interface ImageInspection {
  /** In full: "docker://docker.io/library/alpine:3.20". */
  readonly reference: string;
  /** Of what the reference names: an index, or a manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** What an index lists; empty for a lone manifest. */
  readonly manifests: readonly { readonly digest: Digest; readonly platform: StatedPlatform | undefined }[];
  /** The image for the platform asked for; undefined if there is none for it. */
  readonly image: InspectedImage | undefined;
}

export interface InspectedImage {
  readonly manifestDigest: Digest;
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly {
    readonly digest: Digest;
    readonly diffId: Digest;
    /** Stored bytes. */
    readonly size: number;
    readonly mediaType: string;
  }[];
  readonly warnings: readonly string[];
}

/** Throws as openRegistrySource and its resolve do, but not over a missing platform. */
export async function inspectRegistryImage(
  reference: string,
  platform: WantedPlatform,
  options: RegistryOptions,
): Promise<ImageInspection> {
  const session = await openSession(reference, options);
  try {
    const root = await session.repository.root();
    return {
      reference: session.origin.reference,
      digest: root.digest,
      mediaType: root.mediaType,
      manifests: await listManifests(session, root),
      image: await inspectFor(session, root, platform),
    };
  } finally {
    await session.close();
  }
}

async function listManifests({ repository }: RegistrySession, root: RawManifest) {
  const manifests: { digest: Digest; platform: StatedPlatform | undefined }[] = [];
  if (!isIndex(root.mediaType)) return manifests;
  const where = repository.name(`index ${root.digest}`);
  for await (const child of walkIndex(readIndexOf(repository, root), indexReader(repository), where, [])) {
    if (isManifest(child.mediaType)) manifests.push({ digest: child.digest, platform: child.platform });
  }
  return manifests;
}

async function inspectFor(
  session: RegistrySession,
  root: RawManifest,
  platform: WantedPlatform,
): Promise<InspectedImage | undefined> {
  const manifest = await unlessForOthers(findManifest(session, root, platform));
  if (manifest === undefined) {
    // Nothing is told of the image but what the index lists, and that must be signed then.
    await checkSignature(session, [root]);
    return undefined;
  }
  const found = await unlessForOthers(findImage(session, manifest, platform));
  if (found === undefined) return undefined;
  const { layers, ...image } = found;
  return {
    ...image,
    layers: layers.map(({ layer: { digest, size, mediaType }, diffId }) => ({
      digest,
      diffId,
      size,
      mediaType,
    })),
  };
}

/** Undefined where there is no image for the platform. */
async function unlessForOthers<Found>(found: Promise<Found>): Promise<Found | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_PLATFORM_NOT_FOUND") return undefined;
    throw error;
  }
}
