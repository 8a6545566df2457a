import { checkEdits } from "../edits/check.ts";
import type { Edit } from "../edits/edit.ts";
import { Docker2vmError } from "../errors.ts";
import type { FilesystemKind, FilesystemWriter } from "../filesystem/kind/kind.ts";
import { filesystemKind } from "../filesystem/kinds.ts";
import { given } from "../given.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import { checkDemands, checkSource, type ImageDemands, type ImageRequest } from "./image-request.ts";
import { type LaunchRequest, launchRequest } from "./launch-files.ts";
import { type LayerStoreRequest, layerStoreRequest } from "./layer-store-request.ts";
import type { ConversionOptions, ConvertOptions, ImageOptions, MakingOptions } from "./options.ts";
import { type OutputPlace, outputPlace } from "./output-place.ts";
import { checkImageAlone, checkRoot, type ProfileRequest, profileRequest } from "./profile-request.ts";
import { type ResultsRequest, resultsRequest } from "./results-request.ts";
import { type WritableDiskRequest, writableDiskRequest } from "./writable-disk-request.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** What is to be made, of whatever image: every value checked and every default filled in. */
export interface Conversion extends ImageDemands {
  readonly edits: readonly Edit[];
  readonly profile: ProfileRequest;
  readonly filesystem: FilesystemWriter;
  /** Whether it is to be mounted read-only alone. */
  readonly readOnly: boolean;
  /** Whether a hash tree comes behind the filesystem. */
  readonly verity: boolean;
  /** Bytes, one character each; undefined: as the source's, if it is a filesystem, else the profile's default. */
  readonly label: string | undefined;
  readonly uuid: Uint8Array | undefined;
  readonly sourceDateEpoch: number | undefined;
  readonly digest: boolean;
  /** Whether zeros are written where the image would have holes. */
  readonly dense: boolean;
  readonly inflate: InflateChoice;
  readonly workers: number | undefined;
  /** Where layers are kept as they are unpacked; undefined: nowhere. */
  readonly layerStore: LayerStoreRequest | undefined;
}

/** The same with the image. */
export interface Request extends Conversion, ImageRequest {}

/** The same into a folder. */
export interface FolderConversion extends Conversion {
  readonly place: OutputPlace;
  readonly writableDisk: WritableDiskRequest | undefined;
  readonly force: boolean;
  readonly launch: LaunchRequest | undefined;
  readonly results: ResultsRequest | undefined;
}

export interface FolderRequest extends FolderConversion, ImageRequest {}

/** Throws E_USAGE for what no image could make right. */
export function checkOptions(options: ConvertOptions): FolderRequest {
  return { source: checkSource(options), ...checkFolderConversion(options) };
}

/** Throws E_USAGE for what no image could make right. */
export function checkImageConversion(options: MakingOptions & ImageOptions): Request {
  return { source: checkSource(options), ...checkConversion(options) };
}

/** Throws E_USAGE for what no image could make right. */
export function checkFolderConversion(options: ConversionOptions): FolderConversion {
  const place = outputPlace(given(options, {}).out);
  const conversion = checkConversion(options);
  given(options, {}, { writableDisk: "object", launch: "object", results: "object" });
  const writableDisk = options.writableDisk && writableDiskRequest(options.writableDisk);
  if (place.file !== undefined) checkImageAlone(conversion.profile, writableDisk);
  const { sourceDateEpoch } = conversion;
  if (writableDisk && sourceDateEpoch !== undefined) epochSeconds(sourceDateEpoch, writableDisk.kind);
  const launch = launchRequest(options.launch, place, conversion.profile.name, conversion.platform);
  const results = options.results && resultsRequest(options.results, conversion.registry);
  return { place, writableDisk, launch, results, force: options.force ?? false, ...conversion };
}

/** Throws E_USAGE for what no image could make right. */
export function checkConversion(options: MakingOptions): Conversion {
  given(options, {}, { filesystem: "object", profile: "object", layerStore: "object", edits: "list" });
  const demands = checkDemands(options);
  const { filesystem = {}, sourceDateEpoch, workers } = options;
  given(filesystem, {}, { label: "text", uuid: "text" });
  const profile = profileRequest(options.profile);
  checkPlatformIsKnown(options, profile);
  const kind = filesystemKind(filesystem.type);
  checkRoot(profile, kind.name);
  return {
    ...demands,
    edits: checkEdits(options.edits ?? []),
    profile,
    filesystem: kind.settle(filesystem),
    readOnly: filesystem.readOnly ?? false,
    verity: filesystem.verity ?? false,
    label: filesystem.label === undefined ? undefined : labelBytes(filesystem.label, kind),
    uuid: filesystem.uuid === undefined ? undefined : uuidBytes(filesystem.uuid),
    sourceDateEpoch: sourceDateEpoch === undefined ? undefined : epochSeconds(sourceDateEpoch, kind),
    digest: options.digest ?? false,
    dense: options.dense ?? false,
    inflate: options.inflate ?? "auto",
    workers: workers === undefined ? undefined : workerCount(workers),
    layerStore: options.layerStore && layerStoreRequest(options.layerStore),
  };
}

function checkPlatformIsKnown({ platform, anyPlatform }: MakingOptions, profile: ProfileRequest): void {
  if (platform !== undefined || anyPlatform !== true || profile.name === "baseline") return;
  throw new Docker2vmError("E_USAGE", `the profile ${profile.name} has to know the platform`, {
    hint: "name the one that the image is to be taken for as well: --platform linux/arm64",
  });
}

function labelBytes(label: string, { name, labelBytes: most }: FilesystemKind): string {
  const bytes = Buffer.from(label, "utf8");
  if (bytes.length <= most && !label.includes("\0")) return bytes.toString("latin1");
  throw new Docker2vmError("E_USAGE", `the label ${JSON.stringify(label)} has ${bytes.length} bytes`, {
    hint: `the volume label of ${name} has at most ${most} bytes and no NUL`,
  });
}

/** The superblock needs one that is not zero: blkid and e2fsck take that for none. */
function uuidBytes(uuid: string): Uint8Array {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (UUID.test(uuid) && bytes.some((byte) => byte !== 0)) return bytes;
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(uuid)} is not a UUID for a filesystem`, {
    hint: "a UUID has the form 01234567-89ab-cdef-0123-456789abcdef and is not all zero",
  });
}

function epochSeconds(seconds: number, { name, latestTime }: FilesystemKind): number {
  if (seconds > latestTime) {
    const latest = new Date(latestTime * 1000).toISOString().slice(0, "YYYY-MM-DD".length);
    throw new Docker2vmError("E_USAGE", `${seconds} seconds since 1970 are later than ${name} can say`, {
      hint: `SOURCE_DATE_EPOCH and sourceDateEpoch take at most ${latestTime}, a time on ${latest}`,
    });
  }
  if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds;
  throw new Docker2vmError("E_USAGE", `${seconds} is not a time in whole seconds since 1970`, {
    hint: "SOURCE_DATE_EPOCH and sourceDateEpoch take a whole number that is not negative",
  });
}

function workerCount(workers: number): number {
  if (Number.isSafeInteger(workers) && workers >= 0) return workers;
  throw new Docker2vmError("E_USAGE", `${workers} is not a number of worker threads`, {
    hint: "give 0 to do without, or leave the number to the program",
  });
}
