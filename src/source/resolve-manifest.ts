/** From a manifest that is chosen to the image it describes. */
import { assert, Docker2vmError } from "../errors.ts";
import { CONFIG_LIMIT, type ImageConfig, parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { type ImageManifest, parseManifest } from "../oci/manifest.ts";
import type { WantedPlatform } from "../oci/platform.ts";
import { settlePlatform } from "../oci/settle-platform.ts";
import { describeBlob, findBlob, readBlob } from "./blobs.ts";
import type { FileStore } from "./file-store.ts";
import type { LayerBlob, ResolvedImage } from "./source.ts";

/** A manifest and its config, read and checked. */
export interface ReadManifest {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** What messages call it. */
  readonly where: string;
}

/** Throws as the parsers and readBlob do. */
export async function readManifest(store: FileStore, descriptor: Descriptor): Promise<ReadManifest> {
  const bytes = await readBlob(store, descriptor, "manifest", MANIFEST_LIMIT);
  const where = describeBlob(store, descriptor, "manifest");
  const manifest = parseManifest(bytes, where, descriptor.mediaType);
  const configBytes = await readBlob(store, manifest.config, "config", CONFIG_LIMIT);
  const config = parseConfig(configBytes, describeBlob(store, manifest.config, "config"));
  return { manifest, config, where };
}

/** From a chosen manifest to its layers, every document checked. Throws as readManifest, settlePlatform and findBlob do. */
export async function resolveManifest(
  store: FileStore,
  descriptor: Descriptor,
  wanted: WantedPlatform,
): Promise<ResolvedImage> {
  const { manifest, config, where } = await readManifest(store, descriptor);
  const { platform, warnings } = settlePlatform({ config, listed: descriptor.platform }, wanted, where);

  const layers: LayerBlob[] = [];
  for (const { index, layer, diffId } of pairWithDiffIds(manifest.layers, config, where)) {
    const blob = await findBlob(store, layer, `layer ${index + 1}`);
    const { digest, size, mediaType } = layer;
    const open: LayerBlob["open"] = (signal) => blob.read(signal);
    layers.push({ index, digest, size, diffId, mediaType, checked: false, place: blob.place, open });
  }
  return {
    manifestDigest: descriptor.digest,
    platform,
    config,
    layers,
    warnings: [...config.warnings, ...warnings],
  };
}

/**
 * Each layer with its place and its diff_id. `Layer` is whatever names a layer where the image is.
 * Throws E_BAD_MANIFEST unless there are as many of the one as of the other.
 */
export function pairWithDiffIds<Layer>(
  layers: readonly Layer[],
  config: ImageConfig,
  where: string,
): readonly { readonly index: number; readonly layer: Layer; readonly diffId: Digest }[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== layers.length) {
    throw new Docker2vmError(
      "E_BAD_MANIFEST",
      `${where}: has ${layers.length} layers, but its config names ${diffIds.length} (rootfs.diff_ids)`,
    );
  }
  return layers.map((layer, index) => {
    const diffId = diffIds[index];
    assert(diffId !== undefined, `no diff_id for layer ${index + 1}`);
    return { index, layer, diffId };
  });
}
