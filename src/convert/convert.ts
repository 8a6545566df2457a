import type { KeyObject } from "node:crypto";
import type { OpenEdits } from "../edits/open.ts";
import { noConfig } from "../oci/config.ts";
import { allocatedBytesOf, ImageFile } from "../output/image-file.ts";
import type { StagedOutput } from "../output/staged-output.ts";
import type { Profile } from "../profile/profile.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import { checkOutside } from "./check-outside.ts";
import { earlierOutput } from "./earlier-output.ts";
import { openEdits } from "./edit-image.ts";
import type { IdentifiedImage } from "./identity.ts";
import { launchFileNames, writeLaunchFiles } from "./launch-files.ts";
import { mayBeKept } from "./layer-store-request.ts";
import { type ConvertedImage, type Making, makeImage } from "./make-image.ts";
import { type ImageMetadata, metadataText } from "./meta.ts";
import type { ConversionOptions, ConvertOptions } from "./options.ts";
import { type OutputNames, outputNames } from "./output-place.ts";
import { openProfile } from "./profiles.ts";
import type { ReusedFrom } from "./progress.ts";
import { checkFolderConversion, checkOptions, type FolderRequest } from "./request.ts";
import { stagedFor } from "./source-fault.ts";
import type { SourceToMake } from "./source-to-make.ts";
import { keyFor, withImage } from "./with-image.ts";

/** What a conversion made in its folder. */
export interface ConvertResult extends ConvertedImage {
  /** The image: an absolute path, as all of them. */
  readonly rootfsPath: string;
  /** What describes it; undefined where the output is one file, unless that was asked for. */
  readonly metadataPath: string | undefined;
  /** The empty disk beside it, where one was asked for. */
  readonly writableDiskPath?: string;
  /** Files that were made beside them, by a profile or to start the image. */
  readonly assetPaths: readonly string[];
  /** Bytes of the image as the disk counts them: holes take none. */
  readonly allocatedBytes: number;
  /** Where the result comes from if it is an earlier one, and no layer was read. */
  readonly reused?: ReusedFrom;
}

/**
 * Converts a container image into `rootfs.ext4`, or `rootfs.erofs`, and `meta.json` in the folder `out`, or into one
 * file: all of it or, if anything fails or the signal fires, nothing; what was there before is then there still. Throws
 * Docker2vmError, and what `onProgress` has thrown, as it is.
 *
 * @example
 * ```ts
 * import { convert, Docker2vmError } from "docker2vm";
 *
 * try {
 *   const { rootfsPath, metadata } = await convert({
 *     source: "oci:./alpine",
 *     platform: "linux/amd64",
 *     out: "./vm",
 *     force: true,
 *     filesystem: { type: "ext4", size: 2 ** 30, label: "root" },
 *     limits: { bytes: 20 * 2 ** 30 },
 *     signal: AbortSignal.timeout(60_000),
 *   });
 *   console.log(rootfsPath, metadata.runtime.entrypoint);
 * } catch (error) {
 *   if (error instanceof Docker2vmError) console.error(error.code, error.hint);
 *   throw error;
 * }
 * ```
 */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const request = checkOptions(options);
  return request.caller.serve(() => convertAsAsked(request));
}

/** The same of an image that is made for it. */
export async function convertMade(source: SourceToMake, options: ConversionOptions): Promise<ConvertResult> {
  const request = { source, ...checkFolderConversion(options) };
  return request.caller.serve(() => convertAsAsked(request));
}

async function convertAsAsked(request: FolderRequest): Promise<ConvertResult> {
  checkOutside(request, request.place.folder);
  const verifyKey = await keyFor(request);
  const profile = await openProfile(request);
  let edits: OpenEdits | undefined;
  try {
    edits = await openEdits(request);
    const { place, force } = request;
    const names = outputNames(request, [...(profile?.outputs ?? []), ...launchFileNames(request.launch)]);
    const earlier = place.file === undefined ? earlierOutput(place.folder) : [];
    const leaving = [...names.leaving, ...earlier.filter((name) => !names.all.includes(name))];
    const output = await stagedFor(request, place.folder, names.all, force, { leaving });
    try {
      const toRead = !(await mayBeThere(request));
      const opening = { scratchFolder: output.scratch, verifyKey, toRead };
      const made = await withImage(request, opening, (image, origin) =>
        makeFiles({ image, origin, profile, edits, request, scratch: opening, verifyKey, output, names }),
      );
      request.signal.throwIfAborted();
      await output.commit();
      return {
        rootfsPath: output.target(names.image),
        metadataPath: names.metadata && output.target(names.metadata),
        ...(names.writableDisk === undefined ? {} : { writableDiskPath: output.target(names.writableDisk) }),
        assetPaths: names.assets.map((name) => output.target(name)),
        ...made,
      };
    } catch (error) {
      await output.discard();
      throw error;
    }
  } finally {
    profile?.close();
    await edits?.close();
  }
}

/** A conversion whose files are on their way. */
interface FolderMaking extends Omit<Making, "store" | "beside"> {
  readonly request: FolderRequest;
  readonly verifyKey: KeyObject | undefined;
  readonly output: StagedOutput;
  readonly names: OutputNames;
}

async function makeFiles(
  making: FolderMaking,
): Promise<ConvertedImage & Pick<ConvertResult, "allocatedBytes" | "reused">> {
  const { image, request, output, names } = making;
  const isKnown = "layers" in image;
  const early = isKnown ? await makeDisk(image, request, output) : {};
  const converted = await makeOrReuse(making);
  const disk = isKnown ? early : await makeDisk(read(image, converted), request, output);
  const assets = request.place.file === undefined ? assetsOf(making.profile) : {};
  const metadata = await withLaunchFiles(request, { ...converted.metadata, ...disk, ...assets }, output);
  if (names.metadata !== undefined) await output.write(names.metadata, metadataText(metadata));
  return { ...converted, metadata, allocatedBytes: allocatedBytesOf(output.path(names.image)) };
}

async function makeOrReuse(making: FolderMaking): Promise<ConvertedImage & Pick<ConvertResult, "reused">> {
  const { image, profile, request, output, names } = making;
  const path = output.path(names.image);
  const inFolder = request.place.file === undefined;
  const make = (by: FolderRequest): Promise<ConvertedImage> => {
    const beside = inFolder ? (name: string): string => output.path(name) : undefined;
    return makeImage({ ...making, request: by, store: new ImageFile(path), beside });
  };
  if (request.results === undefined || !("layers" in image)) return make(request);
  const { unlessKept } = await keptResults();
  const outputs = inFolder ? (profile?.outputs ?? []) : [];
  const files = new Map(outputs.map((name) => [name, output.path(name)]));
  return unlessKept(
    { ...making, image, results: request.results, imagePath: path, files, scratch: output.scratch },
    make,
  );
}

/** Whether all of the result, or layers of it, may be there already. */
async function mayBeThere({ results, layerStore }: FolderRequest): Promise<boolean> {
  if (results !== undefined && (await (await keptResults()).mayBeThere(results))) return true;
  return mayBeKept(layerStore);
}

/** Loaded only here: most programs that convert keep none. */
function keptResults() {
  return import("./kept-results.ts");
}

/** What an image is that was made of files without one, as far as another's identity follows from it. */
function read(
  { created, names }: RootFilesystem,
  { metadata: { sourceDigest } }: ConvertedImage,
): IdentifiedImage {
  return { manifestDigest: sourceDigest, config: noConfig(created), names };
}

/** Before the image, where that is known: what is wrong with it need not wait for the layers. Returns what `meta.json` has of it. */
async function makeDisk(
  image: IdentifiedImage,
  request: FolderRequest,
  output: StagedOutput,
): Promise<Pick<ImageMetadata, "writableDisk">> {
  const { writableDisk } = request;
  if (writableDisk === undefined) return {};
  // Loaded when it is wanted: few conversions make one.
  const { planWritableDisk, writeWritableDisk } = await import("./writable-disk.ts");
  const disk = await planWritableDisk(writableDisk, image, request);
  await writeWritableDisk(disk, new ImageFile(output.path(writableDisk.fileName)), request);
  return { writableDisk: disk.metadata };
}

function assetsOf(profile: Profile | undefined): Pick<ImageMetadata, "assets"> {
  return profile === undefined || profile.outputs.length === 0 ? {} : { assets: profile.outputs };
}

async function withLaunchFiles(
  { launch, filesystem }: FolderRequest,
  metadata: ImageMetadata,
  output: StagedOutput,
): Promise<ImageMetadata> {
  if (launch === undefined) return metadata;
  return { ...metadata, launch: await writeLaunchFiles(launch, filesystem.fileName, metadata, output) };
}
