/** Bundles for runc, crun, youki, gVisor and their like: runtime-spec, bundle.md. */
import { chmodSync, existsSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { checkOutside } from "../convert/check-outside.ts";
import { openEdits } from "../convert/edit-image.ts";
import { foundImage } from "../convert/found-image.ts";
import { stagedFor } from "../convert/source-fault.ts";
import { keyFor, withImage } from "../convert/with-image.ts";
import type { OpenEdits } from "../edits/open.ts";
import { assert, Docker2vmError } from "../errors.ts";
import type { Extraction } from "../filesystem/reading/extract.ts";
import { absolutePath } from "../machine.ts";
import { noConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
import type { StagedOutput } from "../output/staged-output.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import { whyUnreadable } from "../system-errors.ts";
import { type Accounts, accountsBelow, accountsIn } from "./accounts.ts";
import { bundleFiles } from "./bundle-files.ts";
import type { Json } from "./merge-patch.ts";
import type { BundleOptions } from "./options.ts";
import { type BundleRequest, checkBundleOptions } from "./request.ts";
import { runtimeConfig } from "./runtime/runtime-config.ts";
import { settleConfig } from "./settle-config.ts";
import { warningsOf } from "./told.ts";
import { unpack } from "./unpack.ts";
import { CONFIG_NAME } from "./validate-bundle.ts";

const ROOTFS_NAME = "rootfs";
const SCRATCH_NAME = "layers.ext4";
const OWNER_WRITES = 0o700;
const ALL_MODES = 0o7777;

/** A bundle that was made. */
export interface BundleResult {
  /** The bundle, its root filesystem and its configuration: absolute paths. */
  readonly folder: string;
  readonly rootfsPath: string;
  readonly configPath: string;
  /** What config.json holds: a JSON object. */
  readonly config: unknown;
  /** The image; absent where there was only a root filesystem. */
  readonly image?: BundledImage;
  /** How the image's files were unpacked; absent where the root filesystem was there. */
  readonly extraction?: Extraction;
  /** What was told as warnings on the way. */
  readonly warnings: readonly string[];
}

/** The image that a bundle was made of. */
export interface BundledImage {
  readonly source: { readonly kind: string; readonly reference: string };
  /**
   * Digest of the manifest; of the config where there is none; of the files where they are all there is, and null where
   * these were not read.
   */
  readonly digest: Digest | null;
  /** "linux/arm64/v8" */
  readonly platform: string;
}

/**
 * Makes an OCI runtime bundle in the folder `out`, `rootfs` and `config.json`: both or, if anything fails or the signal
 * fires, neither. What could not be kept of the image's files is told as warnings. Only root can give files their owners,
 * so everybody else needs `rootless`. Device nodes, pipes and extended attributes are made by GNU tar, which is looked
 * for in `environment.PATH`. Throws Docker2vmError, and what `onProgress` has thrown, as it is.
 *
 * @example
 * ```ts
 * import { createBundle, validateBundle } from "docker2vm";
 *
 * const { folder, warnings } = await createBundle({
 *   source: "oci:./alpine",
 *   platform: "linux/amd64",
 *   out: "./bundle",
 *   force: true,
 *   workload: { env: ["GREETING=hello"] },
 *   rootless: process.geteuid?.() !== 0,
 * });
 * for (const warning of warnings) console.error(warning);
 * const { findings } = await validateBundle(folder);
 * for (const { severity, path, message } of findings) console.error(severity, path, message);
 * ```
 */
export async function createBundle(options: BundleOptions): Promise<BundleResult> {
  const request = checkBundleOptions(options);
  return request.demands.caller.serve(() => createAsAsked(request));
}

async function createAsAsked(request: BundleRequest): Promise<BundleResult> {
  const edits = request.conversion && (await openEdits(request.conversion));
  try {
    return await createEdited(request, edits);
  } finally {
    await edits?.close();
  }
}

async function createEdited(request: BundleRequest, edits: OpenEdits | undefined): Promise<BundleResult> {
  const { conversion, demands, out, force } = request;
  if (conversion !== undefined && request.rootfs === undefined) checkOutside(conversion, absolutePath(out));
  const verifyKey = conversion === undefined ? undefined : await keyFor(conversion);
  const given = request.rootfs === undefined ? undefined : givenRoot(request.rootfs, out);
  const output = await stagedFor(
    conversion,
    out,
    [...(given === undefined ? [ROOTFS_NAME] : []), CONFIG_NAME],
    force,
    { folders: [ROOTFS_NAME], leaving: given === undefined || given.isInOwn ? [] : [ROOTFS_NAME] },
  );
  try {
    const make = (found?: Found): Promise<Made> =>
      given === undefined ? writeFiles(request, output, found) : writeConfig(request, output, given, found);
    const opening = { scratchFolder: output.scratch, verifyKey, toRead: given === undefined };
    const made =
      conversion === undefined
        ? await make()
        : await withImage(conversion, opening, (image, origin) => make({ image, origin, edits }));
    demands.signal.throwIfAborted();
    await output.commit();
    return {
      folder: output.folder,
      rootfsPath: given?.path ?? output.target(ROOTFS_NAME),
      configPath: output.target(CONFIG_NAME),
      ...made,
      warnings: demands.warnings,
    };
  } catch (error) {
    await output.discard();
    throw error;
  }
}

/** An image that was found, or files without one. */
interface Found {
  readonly image: ResolvedImage | RootFilesystem;
  readonly origin: SourceOrigin;
  /** What is to be changed of its files. */
  readonly edits: OpenEdits | undefined;
}

/** What an image says of itself, or what follows from files without one. */
type Told = Pick<ResolvedImage, "config" | "platform">;

/** A root filesystem that is there. */
interface GivenRoot {
  /** Without symlinks, which runc refuses. */
  readonly path: string;
  /** Whether it lies where the bundle would have one of its own. */
  readonly isOwn: boolean;
  /** Whether it lies there or below, and would go with what is there. */
  readonly isInOwn: boolean;
}

type Made = Pick<BundleResult, "config" | "image" | "extraction">;

/** The image's files and the configuration that follows from it and them. */
async function writeFiles(
  request: BundleRequest,
  output: StagedOutput,
  found: Found | undefined,
): Promise<Made> {
  const { rootless, environment, conversion } = request;
  assert(found !== undefined && conversion !== undefined, "there are no files without an image");
  const folder = output.path(ROOTFS_NAME);
  const unpacking = {
    making: { ...found, request: conversion, scratch: { scratchFolder: output.scratch } },
    scratch: join(output.scratch, SCRATCH_NAME),
    folder,
    asRoot: rootless === undefined,
    environment,
  };
  return unpack(unpacking, async (filesystem, extraction, { sourceDigest, platform }) => {
    for (const message of warningsOf(extraction, rootless !== undefined)) warn(request, message);
    if (rootless !== undefined) keepMovable(folder);
    const told = toldBy(found.image, platform);
    const config = configOf(request, output, ROOTFS_NAME, accountsIn(filesystem), told);
    await output.write(CONFIG_NAME, config.text);
    return { config: config.value, image: describe(found, told, sourceDigest), extraction };
  });
}

/** Files without an image are not read again: they may have come in a stream. */
function toldBy(image: ResolvedImage | RootFilesystem, platform: string): Told {
  if ("layers" in image) return image;
  return { config: noConfig(image.created), platform: parsePlatform(platform) };
}

/** The configuration alone. */
async function writeConfig(
  request: BundleRequest,
  output: StagedOutput,
  { path, isOwn }: GivenRoot,
  found: Found | undefined,
): Promise<Made> {
  const rootPath = isOwn ? ROOTFS_NAME : path;
  const told = found && (await foundImage(found.image, request.conversion ?? request.demands));
  const config = configOf(request, output, rootPath, accountsBelow(path), told);
  await output.write(CONFIG_NAME, config.text);
  return {
    config: config.value,
    ...(found === undefined || told === undefined ? {} : { image: describe(found, told, told.digest) }),
  };
}

function configOf(
  request: BundleRequest,
  output: StagedOutput,
  rootPath: string,
  accounts: Accounts,
  image: Told | undefined,
): { readonly value: Json; readonly text: string } {
  const say = (message: string): void => warn(request, message);
  const document = runtimeConfig({ ...request, image, accounts, rootPath, warn: say });
  // A root filesystem of the bundle's own is still where it was made.
  const place =
    isAbsolute(rootPath) || request.rootfs !== undefined ? output.folder : dirname(output.path(ROOTFS_NAME));
  const value = settleConfig(document, request.template, bundleFiles(realpathSync(place)), say);
  return { value, text: `${JSON.stringify(value, undefined, 2)}\n` };
}

/** A folder that its owner cannot write to cannot be given its place, unless by root. */
function keepMovable(folder: string): void {
  const { mode } = statSync(folder);
  if ((mode & OWNER_WRITES) !== OWNER_WRITES) chmodSync(folder, (mode & ALL_MODES) | OWNER_WRITES);
}

function givenRoot(rootfs: string, out: string): GivenRoot {
  try {
    const path = realpathSync(rootfs);
    if (!statSync(path).isDirectory()) throw new Error("it is no folder");
    const own = join(absolutePath(out), ROOTFS_NAME);
    const place = existsSync(own) ? realpathSync(own) : undefined;
    const isOwn = path === place;
    return { path, isOwn, isInOwn: isOwn || (place !== undefined && path.startsWith(place + sep)) };
  } catch (cause) {
    throw new Docker2vmError("E_USAGE", `the root filesystem ${rootfs}: ${whyUnreadable(cause)}`, {
      hint: "name the folder that is to be the container's /",
      cause,
    });
  }
}

function describe({ origin }: Found, { platform }: Told, digest: Digest | null): BundledImage {
  return {
    source: { kind: origin.kind, reference: origin.reference },
    digest,
    platform: formatPlatform(platform),
  };
}

function warn({ demands }: BundleRequest, message: string): void {
  demands.report({ type: "warning", message });
}
