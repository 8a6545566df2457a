/** Image manifests: OCI image spec manifest.md, and docker's image manifest version 2, schema 2. */
import { type Descriptor, readDescriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseDocument } from "./document.ts";
import type { JsonValue } from "./json.ts";
import { isConfigOf, layerCompression } from "./media-types.ts";
import { quote } from "./quote.ts";

/** A manifest or an index as it came, its digest that of these bytes. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}

/** The layers go from the base upwards. */
export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Layers an image may have; overlay filesystems stop at a few hundred. */
export const LAYER_LIMIT = 1000;

/**
 * Parses the raw bytes of a manifest; the arguments are parseDocument's. Throws as parseDocument does, and
 * E_UNSUPPORTED for what is no container image and for layers of a kind that cannot be read.
 */
export function parseManifest(bytes: Uint8Array, document: string, mediaType: string): ImageManifest {
  const value = parseDocument(bytes, document, mediaType);
  const config = readDescriptor(value.field("config"));
  if (!isConfigOf(mediaType, config.mediaType)) throw notAnImage(value, config.mediaType);

  const layers = value.field("layers");
  if (layers.items().length > LAYER_LIMIT) {
    throw layers.error("E_UNSUPPORTED", `${layers.items().length} layers are more than ${LAYER_LIMIT}`);
  }
  return { config, layers: layers.items().map(readLayer) };
}

function readLayer(value: JsonValue): Descriptor {
  const layer = readDescriptor(value);
  layerCompression(layer.mediaType, value.where);
  return layer;
}

function notAnImage(manifest: JsonValue, configType: string): Error {
  const artifactType = manifest.field("artifactType").optionalString();
  const kind = artifactType === undefined ? "" : `, its artifactType ${quote(artifactType)}`;
  const message = `not a container image: its config is ${quote(configType)}${kind}`;
  const isOwn = configType.startsWith("application/vnd.docker2vm.");
  const hint = isOwn ? "docker2vm pull brings back what docker2vm push has put there" : undefined;
  return manifest.error("E_UNSUPPORTED", message, hint);
}
