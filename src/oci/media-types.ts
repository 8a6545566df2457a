/** The media types of images: OCI image spec media-types.md, and distribution's manifest-v2-2 for the docker ones. */
import { Docker2vmError } from "../errors.ts";
import { quote } from "./quote.ts";

export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
/** Of a config that says nothing: manifest.md, "Guidance for an Empty Descriptor". */
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
const OCI_NONDISTRIBUTABLE_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
const DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar";

/** How the stored bytes of a layer are compressed. */
export type Compression = "gzip" | "zstd" | "none";

const LAYERS: ReadonlyMap<string, Compression> = new Map([
  ...compressions(OCI_LAYER, "+"),
  ...compressions(OCI_NONDISTRIBUTABLE_LAYER, "+"),
  ...compressions(DOCKER_LAYER, "."),
  ...compressions(DOCKER_FOREIGN_LAYER, "."),
]);

/** A layer of any kind in a compression of any name. */
const COMPRESSED_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1|docker\.image\.rootfs\.(?:foreign\.)?diff)\.tar[+.]([a-z0-9]+)$/;
const NOT_IN_SPEC = "which the OCI image spec does not have: it has gzip and zstd";

export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

export function isManifest(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

export function isImageConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

/** What registries of long ago made of a config's type in docker's manifests; Docker takes these as well. */
const LOST_CONFIGS: ReadonlySet<string> = new Set([
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
]);

/** Whether a manifest of that type has an image's config where the descriptor says `mediaType`. */
export function isConfigOf(manifestType: string, mediaType: string): boolean {
  return isImageConfig(mediaType) || (manifestType === DOCKER_MANIFEST && LOST_CONFIGS.has(mediaType));
}

/** The OCI media type of a layer that is compressed so. */
export function ociLayerMediaType(compression: Compression): string {
  return compression === "none" ? OCI_LAYER : `${OCI_LAYER}+${compression}`;
}

/** The docker media type of a layer that is compressed so. */
export function dockerLayerMediaType(compression: Compression): string {
  return compression === "none" ? DOCKER_LAYER : `${DOCKER_LAYER}.${compression}`;
}

/**
 * The compression a layer's media type promises. `where` names the layer in the message.
 * Throws E_UNSUPPORTED for an encrypted layer and for every type that is no tar layer.
 */
export function layerCompression(mediaType: string, where: string): Compression {
  const compression = LAYERS.get(mediaType);
  if (compression !== undefined) return compression;
  if (mediaType.endsWith("+encrypted")) {
    throw new Docker2vmError("E_UNSUPPORTED", `${where}: the layer is encrypted (${quote(mediaType)})`, {
      hint: "decrypt it first: skopeo copy --decryption-key",
    });
  }
  const foreign = COMPRESSED_LAYER.exec(mediaType)?.[1];
  if (foreign !== undefined) {
    const message = `${where}: the layer is compressed with ${foreign} (${quote(mediaType)}), ${NOT_IN_SPEC}`;
    // Programs that copy images leave layers alone whose type they do not know.
    throw new Docker2vmError("E_UNSUPPORTED", message, {
      hint: "build or push the image again with layers in gzip or zstd",
    });
  }
  throw new Docker2vmError(
    "E_UNSUPPORTED",
    `${where}: ${quote(mediaType)} is not a layer this program can read`,
    {
      hint: "layers are tar archives: plain, or compressed with gzip or zstd",
    },
  );
}

/** The refusal of a layer whose bytes are compressed so, whatever its type says. `where` names it. */
export function foreignLayer(compression: string, where: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", `${where}: is compressed with ${compression}, ${NOT_IN_SPEC}`, {
    hint: "have it compressed anew: skopeo copy --dest-compress-format gzip IMAGE oci:FOLDER:TAG",
  });
}

function compressions(tar: string, separator: string): [string, Compression][] {
  return [
    [tar, "none"],
    [`${tar}${separator}gzip`, "gzip"],
    [`${tar}${separator}zstd`, "zstd"],
  ];
}
