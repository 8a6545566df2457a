import { assert, Docker2vmError } from "../errors.ts";
import { CONFIG_LIMIT, type ImageConfig, parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { parseManifest } from "../oci/manifest.ts";
import {
  formatPlatform,
  isConvertible,
  ONLY_LINUX,
  type Platform,
  sameArchitecture,
} from "../oci/platform.ts";
import { describeBlob, findBlob, readBlob } from "./blobs.ts";
import type { FileStore } from "./file-store.ts";
import type { LayerBlob, ResolvedImage } from "./source.ts";

/** From a chosen manifest to its layers, every document checked. Throws as the parsers and findBlob do. */
export async function resolveManifest(
  store: FileStore,
  descriptor: Descriptor,
  platform: Platform,
): Promise<ResolvedImage> {
  const bytes = await readBlob(store, descriptor, "manifest", MANIFEST_LIMIT);
  const where = describeBlob(store, descriptor, "manifest");
  const manifest = parseManifest(bytes, where, descriptor.mediaType);

  const configBytes = await readBlob(store, manifest.config, "config", CONFIG_LIMIT);
  const config = parseConfig(configBytes, describeBlob(store, manifest.config, "config"));
  checkPlatform(config, platform, where);

  const layers: LayerBlob[] = [];
  for (const { index, layer, diffId } of pairWithDiffIds(manifest.layers, config, where)) {
    const blob = await findBlob(store, layer, `layer ${index + 1}`);
    const { digest, size, mediaType } = layer;
    const open: LayerBlob["open"] = (signal) => blob.read(signal);
    layers.push({ index, digest, size, diffId, mediaType, checked: false, place: blob.place, open });
  }
  return { manifestDigest: descriptor.digest, platform: platformOf(config), config, layers };
}

/** The platform alone. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/**
 * Throws E_PLATFORM_NOT_FOUND unless the config is for the os and architecture asked for. Its variant is not held
 * against it: many configs of arm images lack it or name another one.
 */
export function checkPlatform(config: ImageConfig, platform: Platform, where: string): void {
  if (sameArchitecture(config, platform)) return;
  const offered = formatPlatform(platformOf(config));
  const wanted = formatPlatform(platform);
  throw new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: the image is for ${offered}, not for ${wanted}`,
    {
      hint: isConvertible(config)
        ? `convert it with --platform ${offered}, or fetch it for ${wanted}`
        : ONLY_LINUX,
    },
  );
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
