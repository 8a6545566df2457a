/** Where Gondolin's guest assets lie: the places that Gondolin 0.12 looks into, in its order (its assets.ts). */
import { existsSync, readlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Docker2vmError } from "../../errors.ts";
import type { Architecture } from "./architecture.ts";
import { assetNames } from "./guest-manifest.ts";

export interface LocationOptions {
  /** A folder that the user named. */
  readonly guestAssets?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Undefined for a user who has none. */
  readonly home: string | undefined;
  readonly architecture: Architecture;
}

const DEFAULT_IMAGE = "alpine-base:latest";
const BUILD_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The folder with the guest assets. Throws E_GUEST_ASSETS_NOT_FOUND, naming every place where they were not. */
export function locateGuestAssets(options: LocationOptions): string {
  const { guestAssets, environment, cwd } = options;
  if (guestAssets !== undefined) return completeFolder(resolve(cwd, guestAssets), "--guest-assets");
  const named = environment["GONDOLIN_GUEST_DIR"];
  if (named) return completeFolder(resolve(cwd, named), "GONDOLIN_GUEST_DIR");
  const candidates = [...checkoutFolders(cwd), ...storeFolders(options)];
  const found = candidates.find(({ folder }) => folder !== undefined && missingAssets(folder).length === 0);
  if (found?.folder !== undefined) return found.folder;
  const places = [
    "--guest-assets and GONDOLIN_GUEST_DIR (not given)",
    `guest/image/out in ${cwd} and above it`,
    ...candidates.filter(({ place }) => place !== undefined).map(({ place }) => place),
  ];
  throw notFound(
    `no Gondolin guest assets for ${options.architecture} were found; looked at: ${places.join("; ")}`,
    options.architecture,
  );
}

interface Candidate {
  /** What the error calls it, unless the places are too many to name. */
  readonly place?: string;
  readonly folder: string | undefined;
}

/** A checkout of Gondolin around the working folder. */
function checkoutFolders(cwd: string): Candidate[] {
  const candidates: Candidate[] = [];
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    candidates.push({ folder: join(folder, "guest", "image", "out") });
    if (folder === dirname(folder)) return candidates;
  }
}

/** The image that Gondolin would boot, in its image store; the wanted architecture first, since both may be there. */
function storeFolders({ environment, home, cwd, architecture }: LocationOptions): Candidate[] {
  const cache = environment["XDG_CACHE_HOME"] ?? (home && join(home, ".cache"));
  const named = environment["GONDOLIN_IMAGE_STORE"] ?? (cache && join(cache, "gondolin", "images"));
  if (named === undefined) {
    return [{ place: "Gondolin's image store (this user has no home folder)", folder: undefined }];
  }
  const store = resolve(cwd, named);
  const selector = (environment["GONDOLIN_DEFAULT_IMAGE"] ?? DEFAULT_IMAGE).trim();
  if (BUILD_ID.test(selector)) {
    const folder = join(store, "objects", selector);
    return [{ place: folder, folder }];
  }
  const reference = parseReference(selector);
  if (reference === undefined) {
    return [{ place: `GONDOLIN_DEFAULT_IMAGE ('${selector}' is no image)`, folder: undefined }];
  }
  const other: Architecture = architecture === "x86_64" ? "aarch64" : "x86_64";
  return [architecture, other].map((name) => {
    const link = join(store, "refs", reference.name, reference.tag, name);
    return { place: link, folder: linkTarget(link) };
  });
}

/** `NAME[:TAG]` as Gondolin's parseImageRef takes it; no part of it leads out of the store. */
function parseReference(selector: string): { name: string; tag: string } | undefined {
  const colon = selector.lastIndexOf(":");
  const tagged = colon > 0 && colon < selector.length - 1;
  const name = tagged ? selector.slice(0, colon) : selector;
  const tag = tagged ? selector.slice(colon + 1) : "latest";
  return NAME.test(name) && TAG.test(tag) ? { name, tag } : undefined;
}

function linkTarget(link: string): string | undefined {
  try {
    return resolve(dirname(link), readlinkSync(link));
  } catch {
    return undefined;
  }
}

function completeFolder(folder: string, source: string): string {
  const missing = missingAssets(folder);
  if (missing.length === 0) return folder;
  throw new Docker2vmError(
    "E_GUEST_ASSETS_NOT_FOUND",
    `${source}: ${folder} holds no Gondolin guest assets: it lacks ${missing.join(", ")}`,
    { hint: "name the folder that 'gondolin build' wrote, or that 'gondolin image inspect NAME' shows" },
  );
}

function missingAssets(folder: string): string[] {
  return Object.values(assetNames(folder)).filter((name) => !existsSync(join(folder, name)));
}

function notFound(message: string, architecture: Architecture): Docker2vmError {
  return new Docker2vmError("E_GUEST_ASSETS_NOT_FOUND", message, {
    hint: `fetch them with 'gondolin image pull ${DEFAULT_IMAGE} --arch ${architecture}', or name their folder with --guest-assets`,
  });
}
