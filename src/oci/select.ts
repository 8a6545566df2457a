/** Choosing among what an image index lists. */
import { Docker2vmError, EXIT } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ImageIndex, UnreadableEntry } from "./index-document.ts";
import { isIndex, isManifest } from "./media-types.ts";
import {
  agree,
  fillIn,
  formatPlatform,
  isConvertible,
  isNameable,
  isWhole,
  matchRank,
  type Platform,
  type StatedPlatform,
  type WantedPlatform,
} from "./platform.ts";
import { takeAnyway } from "./settle-platform.ts";

/** Indexes below the first that are followed; real images have one. */
const NESTING_LIMIT = 3;
/** Manifests whose configs are asked for their platform; of the others the index must tell it. */
const ASKED_LIMIT = 100;

/** Fetches and parses an index that another one lists. */
export type ReadIndex = (descriptor: Descriptor) => Promise<ImageIndex>;

/** Fetches what choosing may take. */
export interface IndexReader {
  readonly index: ReadIndex;
  /** What the config of a manifest says. */
  readonly platform: (manifest: Descriptor) => Promise<StatedPlatform>;
}

/** A manifest and its platform, as far as that is known. */
interface Offer {
  readonly manifest: Descriptor;
  readonly platform: StatedPlatform | undefined;
}

/**
 * The manifest that serves a platform best, nested indexes included. What the index leaves out of a platform its
 * manifest's config tells; that of a lone manifest is not asked for, it will be looked at in any case. Entries that
 * cannot be read, or not be followed, matter only where nothing else serves. `where` names the index in messages.
 * Throws E_PLATFORM_NOT_FOUND with what there is, E_IMAGE_NOT_FOUND if there is nothing at all.
 */
export async function selectManifest(
  index: ImageIndex,
  wanted: WantedPlatform,
  read: IndexReader,
  where: string,
): Promise<Descriptor> {
  const faults: UnreadableEntry[] = [];
  const manifests: Descriptor[] = [];
  for await (const child of walkIndex(index, read.index, where, faults)) {
    if (!isManifest(child.mediaType)) continue;
    // Nothing that is listed behind it serves better: it need not even be there.
    if (wanted.any !== true && isExact(wanted, child)) return child;
    manifests.push(child);
  }
  const [first, ...others] = manifests;
  if (first === undefined) {
    throw faults[0]?.error ?? new Docker2vmError("E_IMAGE_NOT_FOUND", `${where}: lists no container image`);
  }
  if (wanted.any === true && others.length > 0) throw notAlone(manifests, where);
  if (others.length === 0 && (wanted.any === true || mayServe(wanted, first))) return first;

  const stated = manifests.map((manifest) => ({ manifest, platform: manifest.platform }));
  const listed = best(
    wanted,
    stated.filter(({ platform = {} }) => isWhole(platform)),
  );
  if (listed !== undefined) return listed;

  const offers = await askConfigs(stated, read, where, faults);
  const told = best(wanted, offers);
  if (told !== undefined) return told;
  const fault = faults.find(({ platform = {} }) => agree(wanted, platform));
  throw fault?.error ?? notFor(wanted, offers, where);
}

/** Whether it depends on its config. */
function mayServe(wanted: Platform, { platform = {} }: Descriptor): boolean {
  return !isWhole(platform) && agree(wanted, platform);
}

function isExact(wanted: Platform, { platform }: Descriptor): boolean {
  return platform !== undefined && matchRank(wanted, platform) === 0;
}

/** The first of those that serve best. */
function best(wanted: Platform, offers: readonly Offer[]): Descriptor | undefined {
  let found: Descriptor | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const { manifest, platform } of offers) {
    const rank = platform === undefined ? undefined : matchRank(wanted, platform);
    if (rank === undefined || rank >= bestRank) continue;
    found = manifest;
    bestRank = rank;
  }
  return found;
}

/** Completes what the index says by what the configs say. What cannot be read is a fault. */
async function askConfigs(
  offers: readonly Offer[],
  read: IndexReader,
  where: string,
  faults: UnreadableEntry[],
): Promise<readonly Offer[]> {
  const unclear = offers.filter(({ platform = {} }) => !isWhole(platform)).length;
  if (unclear > ASKED_LIMIT) {
    throw new Docker2vmError("E_UNSUPPORTED", `${where}: lists ${unclear} manifests without a platform`, {
      hint: BY_DIGEST,
    });
  }
  const told: Offer[] = [];
  for (const offer of offers) {
    const { manifest, platform = {} } = offer;
    if (isWhole(platform)) {
      told.push(offer);
      continue;
    }
    try {
      told.push({ manifest, platform: fillIn(platform, await read.platform(manifest)) });
    } catch (error) {
      faults.push({ ...manifest, error: imageFault(error) });
    }
  }
  return told;
}

/**
 * Everything an index lists and what the indexes below it list, each digest once, without attestations. Entries and
 * indexes that cannot be read, and those nested too deep, are added to `faults`.
 */
export async function* walkIndex(
  index: ImageIndex,
  readIndex: ReadIndex,
  where: string,
  faults: UnreadableEntry[],
): AsyncGenerator<Descriptor> {
  yield* walk(index, { readIndex, where, faults, seen: new Set() }, 0);
}

interface IndexWalk {
  readonly readIndex: ReadIndex;
  readonly where: string;
  readonly faults: UnreadableEntry[];
  readonly seen: Set<string>;
}

async function* walk(
  { manifests, unreadable = [] }: ImageIndex,
  context: IndexWalk,
  depth: number,
): AsyncGenerator<Descriptor> {
  const { seen, faults } = context;
  faults.push(...unreadable.filter(mayBeImage));
  for (const child of manifests) {
    if (isAttestation(child) || seen.has(child.digest)) continue;
    seen.add(child.digest);
    yield child;
    if (!isIndex(child.mediaType)) continue;
    const below = await follow(child, context, depth);
    if (below !== undefined) yield* walk(below, context, depth + 1);
  }
}

/** The index that an entry is; undefined, with a fault, if it cannot be had. */
async function follow(
  child: Descriptor,
  { readIndex, where, faults }: IndexWalk,
  depth: number,
): Promise<ImageIndex | undefined> {
  const fail = (error: Docker2vmError): undefined => {
    faults.push({ ...child, error });
  };
  if (depth === NESTING_LIMIT) {
    const message = `${where}: indexes are nested more than ${NESTING_LIMIT} deep`;
    return fail(new Docker2vmError("E_UNSUPPORTED", message));
  }
  try {
    return await readIndex(child);
  } catch (error) {
    return fail(imageFault(error));
  }
}

/** The error, if it blames what an entry leads to: that is not there, or is broken. Throws any other. */
export function imageFault(error: unknown): Docker2vmError {
  if (!(error instanceof Docker2vmError)) throw error;
  const { exitCode, code } = error;
  if (exitCode === EXIT.badImage || exitCode === EXIT.integrity || code === "E_IMAGE_NOT_FOUND") return error;
  throw error;
}

function mayBeImage(entry: UnreadableEntry): boolean {
  const { mediaType } = entry;
  return (mediaType === undefined || isIndex(mediaType) || isManifest(mediaType)) && !isAttestation(entry);
}

/** What BuildKit puts beside an image to describe it: a manifest in form, but nothing that runs. */
export function isAttestation({
  platform,
  annotations,
}: Pick<Descriptor, "annotations"> & { readonly platform?: StatedPlatform | undefined }): boolean {
  return platform?.os === "unknown" || Object.hasOwn(annotations, "vnd.docker.reference.type");
}

const BY_DIGEST = "name the one that is meant by its digest: @sha256:…";

function notFor(wanted: Platform, offers: readonly Offer[], where: string): Docker2vmError {
  return new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: no image for ${formatPlatform(wanted)}; there is ${describe(offers)}`,
    { hint: hintAmong(offers) },
  );
}

function notAlone(manifests: readonly Descriptor[], where: string): Docker2vmError {
  const offers = manifests.map((manifest) => ({ manifest, platform: manifest.platform }));
  return new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: has ${manifests.length} images, and --any-platform takes the only one; there is ${describe(offers)}`,
    { hint: nameable(offers) === "" ? BY_DIGEST : `choose one with --platform: ${nameable(offers)}` },
  );
}

function describe(offers: readonly Offer[]): string {
  const names = offers.map(({ platform }) =>
    platform === undefined ? "one without a platform" : formatPlatform(platform),
  );
  return [...new Set(names)].join(", ");
}

/** The platforms that can be chosen by their names. */
function nameable(offers: readonly Offer[]): string {
  const platforms = offers
    .map(({ platform = {} }) => fillIn(platform, { os: "linux" }))
    .filter((platform) => isWhole(platform));
  return [...new Set(platforms.filter(isNameable).map(formatPlatform))].join(", ");
}

/** What can be chosen instead. */
function hintAmong(offers: readonly Offer[]): string {
  const choices = nameable(offers);
  if (choices !== "") return `choose another with --platform: ${choices}`;
  const isLinux = offers.some(({ platform = {} }) => isConvertible({ os: platform.os ?? "linux" }));
  if (offers.length <= 1) return takeAnyway(isLinux);
  return `${takeAnyway(isLinux)}: ${BY_DIGEST}`;
}
