/** Choosing among what an image index lists. */
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ImageIndex } from "./index-document.ts";
import { isIndex, isManifest } from "./media-types.ts";
import { formatPlatform, isConvertible, matchRank, ONLY_LINUX, type Platform } from "./platform.ts";

/** Indexes below the first that are followed; real images have one. */
const NESTING_LIMIT = 3;

/** Fetches and parses an index that another one lists. */
export type ReadIndex = (descriptor: Descriptor) => Promise<ImageIndex>;

/**
 * The manifest that serves a platform best, nested indexes included. One lone manifest without a platform is taken
 * as it is: its config tells. `where` names the index in messages.
 * Throws E_PLATFORM_NOT_FOUND with what there is, E_IMAGE_NOT_FOUND if there is nothing at all.
 */
export async function selectManifest(
  index: ImageIndex,
  platform: Platform,
  readIndex: ReadIndex,
  where: string,
): Promise<Descriptor> {
  const manifests: Descriptor[] = [];
  for await (const child of walkIndex(index, readIndex, where)) {
    if (isManifest(child.mediaType)) manifests.push(child);
  }
  const [first] = manifests;
  if (first === undefined)
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${where}: lists no container image`);
  if (manifests.length === 1 && first.platform === undefined) return first;

  let best: Descriptor | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const manifest of manifests) {
    const rank = manifest.platform === undefined ? undefined : matchRank(platform, manifest.platform);
    if (rank === undefined || rank >= bestRank) continue;
    best = manifest;
    bestRank = rank;
  }
  if (best === undefined) throw notFor(platform, manifests, where);
  return best;
}

/**
 * Everything an index lists and what the indexes below it list, each digest once, without attestations.
 * Throws E_UNSUPPORTED if indexes are nested too deep.
 */
export async function* walkIndex(
  index: ImageIndex,
  readIndex: ReadIndex,
  where: string,
): AsyncGenerator<Descriptor> {
  yield* walk(index, readIndex, where, 0, new Set());
}

async function* walk(
  index: ImageIndex,
  readIndex: ReadIndex,
  where: string,
  depth: number,
  seen: Set<Digest>,
): AsyncGenerator<Descriptor> {
  for (const child of index.manifests) {
    if (isAttestation(child) || seen.has(child.digest)) continue;
    seen.add(child.digest);
    yield child;
    if (!isIndex(child.mediaType)) continue;
    if (depth === NESTING_LIMIT) {
      throw new Docker2vmError(
        "E_UNSUPPORTED",
        `${where}: indexes are nested more than ${NESTING_LIMIT} deep`,
      );
    }
    yield* walk(await readIndex(child), readIndex, where, depth + 1, seen);
  }
}

/** What BuildKit puts beside an image to describe it: a manifest in form, but nothing that runs. */
export function isAttestation(descriptor: Descriptor): boolean {
  return (
    descriptor.platform?.os === "unknown" ||
    Object.hasOwn(descriptor.annotations, "vnd.docker.reference.type")
  );
}

function notFor(platform: Platform, manifests: readonly Descriptor[], where: string): Docker2vmError {
  const offered = manifests.map((m) =>
    m.platform === undefined ? "one without a platform" : formatPlatform(m.platform),
  );
  return new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: no image for ${formatPlatform(platform)}; there is ${[...new Set(offered)].join(", ")}`,
    { hint: hintAmong(manifests) },
  );
}

/** What can be chosen instead. */
function hintAmong(manifests: readonly Descriptor[]): string {
  const platforms = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
  const choices = new Set(platforms.filter(isConvertible).map(formatPlatform));
  if (choices.size > 0) return `choose another with --platform: ${[...choices].join(", ")}`;
  if (platforms.length < manifests.length) return "name the one that is meant by its digest: @sha256:…";
  return ONLY_LINUX;
}
