/** Where the cache keeps what. Nothing but checked digests and names goes into a path. */
import { join } from "node:path";
import { homeFolder } from "../machine.ts";
import { type Digest, digestAlgorithm, digestHex, isDigest } from "../oci/digest.ts";

const ALGORITHMS = ["sha256", "sha512"] as const;

/**
 * `$XDG_CACHE_HOME/docker2vm`, or `~/.cache/docker2vm` where that is not set to an absolute path. Undefined where there
 * is no home either. Throws nothing. The example is that of `listCache`.
 */
export function defaultCacheFolder(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const base = environment["XDG_CACHE_HOME"] ?? "";
  if (base.startsWith("/")) return join(base, "docker2vm");
  const home = homeFolder(environment);
  return home === undefined ? undefined : join(home, ".cache", "docker2vm");
}

export function blobFolders(folder: string): readonly string[] {
  return ALGORITHMS.map((algorithm) => join(folder, "blobs", algorithm));
}

export function blobPath(folder: string, digest: Digest): string {
  return join(folder, "blobs", digestAlgorithm(digest), digestHex(digest));
}

/** The digest whose blob has the file name in a blob folder, undefined for what is no blob. */
export function digestOfFile(blobFolder: string, name: string): Digest | undefined {
  const algorithm = ALGORITHMS.find((each) => blobFolder.endsWith(`/${each}`));
  const digest = `${algorithm}:${name}`;
  return isDigest(digest) ? digest : undefined;
}

/** On the same filesystem as the blobs, so that a rename is all it takes. */
export function temporaryFolder(folder: string): string {
  return join(folder, "tmp");
}

/** Of results of conversions, each in a folder of its own. */
export function resultsFolder(folder: string): string {
  return join(folder, "results");
}

/** @param key what the result follows from; sha256 */
export function resultPath(folder: string, key: Digest): string {
  return join(resultsFolder(folder), digestHex(key));
}

/** Bytes on the disk that kept layers may take, together, unless somebody says how many. */
export const LAYERS_LIMIT = 10 * 2 ** 30;

/** Of layers as they are unpacked, each in a folder of its own. */
export function layersFolder(folder: string): string {
  return join(folder, "layers");
}

/** @param key what the layer's parts follow from; sha256 */
export function layerPath(folder: string, key: Digest): string {
  return join(layersFolder(folder), digestHex(key));
}

/** The key whose result, or layer, the folder name is, undefined for what is none. */
export function keyOfFolder(name: string): Digest | undefined {
  const key = `sha256:${name}`;
  return isDigest(key) ? key : undefined;
}

export interface TagName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

export function tagFolder(folder: string): string {
  return join(folder, "refs");
}

/**
 * `refs/REGISTRY/REPOSITORY/TAG`, with a plus sign for each colon and slash: none of the three has one in it, and a
 * repository may be the folder of another.
 */
export function tagPath(folder: string, { registry, repository, tag }: TagName): string {
  const escaped = [registry.replaceAll(":", "+"), repository.replaceAll("/", "+"), tag];
  return join(tagFolder(folder), ...escaped);
}
