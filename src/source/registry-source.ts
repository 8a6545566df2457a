import type { Platform } from "../oci/platform.ts";
import { RegistryLayers } from "./registry-layers.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { findImage } from "./registry-resolve.ts";
import { openSession, type RegistrySession } from "./registry-session.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/**
 * An image by its name in a registry (`alpine:3.20`, `ghcr.io/owner/name@sha256:…`). Nothing is asked of the registry
 * before resolve, no layer before the first is opened; closing ends whatever is under way.
 * Throws as openSession does; resolve throws as findImage does.
 */
export async function openRegistrySource(reference: string, options: RegistryOptions): Promise<ImageSource> {
  const session = await openSession(reference, options);
  const opened: RegistryLayers[] = [];
  return {
    origin: session.origin,
    resolve: (platform) => resolve(session, platform, opened),
    close: async () => {
      await session.close();
      await Promise.all(opened.map((layers) => layers.close()));
    },
  };
}

async function resolve(
  session: RegistrySession,
  platform: Platform,
  opened: RegistryLayers[],
): Promise<ResolvedImage> {
  const { layers: found, ...image } = await findImage(session, await session.repository.root(), platform);
  const layers = new RegistryLayers(
    found.map(({ layer }) => layer),
    session,
  );
  opened.push(layers);
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
    })),
  };
}
