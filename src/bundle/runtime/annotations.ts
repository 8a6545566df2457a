/** What of an image becomes annotations of a container: image-spec, conversion.md. */
import type { ImageConfig } from "../../oci/config.ts";
import type { Platform } from "../../oci/platform.ts";

const PREFIX = "org.opencontainers.image.";

/** Sorted by name, so that they are the same however the image lists them. A label goes before what follows from it. */
export function annotationsOf(
  config: ImageConfig,
  { os, architecture, variant }: Platform,
): Readonly<Record<string, string>> | undefined {
  const { ExposedPorts, StopSignal, Labels } = config.config;
  const implied: Readonly<Record<string, string | undefined>> = {
    os,
    architecture,
    variant,
    "os.version": config["os.version"],
    "os.features": config["os.features"]?.join(","),
    author: config.author,
    created: config.created,
    stopSignal: StopSignal,
    exposedPorts: [...ExposedPorts].sort().join(","),
  };
  const annotations = new Map<string, string>();
  for (const [name, value = ""] of Object.entries(implied)) {
    if (value !== "") annotations.set(PREFIX + name, value);
  }
  for (const [name, value] of Object.entries(Labels)) if (name !== "") annotations.set(name, value);
  if (annotations.size === 0) return undefined;
  return Object.fromEntries([...annotations].sort(([a], [b]) => (a < b ? -1 : 1)));
}
