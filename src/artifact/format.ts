/**
 * The result of a conversion in a registry: one image manifest (OCI image spec manifest.md, "Guidelines for Artifact
 * Usage") whose config lists the files and whose layers are pieces of them.
 */

export const ARTIFACT_TYPE = "application/vnd.docker2vm.image.v1";
/** `{ schemaVersion: 1, files: [{ name, size, executable? }] }`: the files in the order in which they take their names. */
export const ARTIFACT_CONFIG = "application/vnd.docker2vm.config.v1+json";

/** What a layer is a piece of. */
export const LAYER_TYPES = {
  disk: "application/vnd.docker2vm.disk.v1+gzip",
  file: "application/vnd.docker2vm.file.v1+gzip",
  metadata: "application/vnd.docker2vm.meta.v1+json",
  bootstrap: "application/vnd.ovms.bootstrap.config.v1+json",
  document: "application/json",
} as const;

export type FileKind = keyof typeof LAYER_TYPES;

/** Bytes of a file in one layer. Where all of them are zero there is no layer. */
export const CHUNK_BYTES = 64 << 20;

/** Annotations of a layer: the piece is `size` plain bytes of `file` from byte `offset` on, which hash to `digest`. */
export const PIECE_ANNOTATIONS = {
  file: "docker2vm.file",
  offset: "docker2vm.offset",
  size: "docker2vm.size",
  digest: "docker2vm.digest",
} as const;

/** OCI image spec annotations.md. Of the manifest, and of the container image that was converted, where that has a name in a registry. */
export const BASE_DIGEST = "org.opencontainers.image.base.digest";
export const BASE_NAME = "org.opencontainers.image.base.name";
/** Of the manifest: what `meta.json` has. */
export const SOURCE_DIGEST = "docker2vm.source-digest";
export const PLATFORM = "docker2vm.platform";
export const FILESYSTEM = "docker2vm.filesystem";

/** Of the manifest: the key of the conversion, where it was put there to be found by that. */
export const KEY = "docker2vm.key";
/** Of the manifest: what was told as warnings while it was made, as a JSON array. */
export const WARNINGS = "docker2vm.warnings";

/** Bytes that the config may have, and files. */
export const CONFIG_LIMIT = 1 << 20;
export const FILE_LIMIT = 64;

export function isCompressed(mediaType: string): boolean {
  return mediaType.endsWith("+gzip");
}
