import type { WantedPlatform } from "../oci/platform.ts";
import { RegistryLayers } from "./registry-layers.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { findImage, findManifest } from "./registry-resolve.ts";
import { openSession, type RegistrySession } from "./registry-session.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/**
 * An image by its name in a registry (`alpine:3.20`, `ghcr.io/owner/name@sha256:…`). Nothing is asked of the registry
 * before resolve; no layer before the first is opened or, if it was to be expected, before its manifest is checked.
 * Closing ends whatever is under way. Throws as openSession does; resolve throws as findManifest and findImage do.
 */
export async function openRegistrySource(reference: string, options: RegistryOptions): Promise<ImageSource> {
  const session = await openSession(reference, options);
  const opened: RegistryLayers[] = [];
  return {
    origin: session.origin,
    resolve: (platform, toRead) => resolve(session, platform, toRead === true, opened),
    close: async () => {
      await session.close();
      await Promise.all(opened.map((layers) => layers.close()));
    },
  };
}

async function resolve(
  session: RegistrySession,
  platform: WantedPlatform,
  toRead: boolean,
  opened: RegistryLayers[],
): Promise<ResolvedImage> {
  const manifest = await findManifest(session, await session.repository.root(), platform);
  const layers = new RegistryLayers(manifest.layers, session);
  opened.push(layers);
  // The config takes as long to come as any answer, and often from another server: the first layer need not wait.
  if (toRead) layers.begin();
  const { layers: found, ...image } = await findImage(session, manifest, platform);
  return {
    ...image,
    layers: found.map(({ index, layer: { digest, size, mediaType }, diffId }) => ({
      index,
      digest,
      size,
      diffId,
      mediaType,
      checked: true,
      open: (signal) => layers.open(digest, signal),
      leave: () => layers.leave(digest),
    })),
  };
}
