import { join } from "node:path";
import { describeEdit } from "../edits/describe.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Profile } from "../profile/profile.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import { checkOutside } from "./check-outside.ts";
import { describeLayer, describeRuntime } from "./describe.ts";
import { openEdits } from "./edit-image.ts";
import { type FoundImage, foundImage } from "./found-image.ts";
import { filesystemIdentity, filesystemTime, formatUuid, type IdentifiedImage, labelOf } from "./identity.ts";
import { launchFileNames } from "./launch-files.ts";
import { checkManifest } from "./limits.ts";
import type { ImageMetadata, LayerMetadata, RuntimeMetadata, WritableDiskMetadata } from "./meta.ts";
import type { ConvertOptions } from "./options.ts";
import { outputNames } from "./output-place.ts";
import {
  type PlannedFilesystem,
  type PlannedSize,
  plannedFilesystem,
  plannedSize,
} from "./planned-filesystem.ts";
import { openProfile } from "./profiles.ts";
import { checkOptions, type FolderRequest, type Request } from "./request.ts";
import { keyFor, temporaryScratch, withImage } from "./with-image.ts";

/** What a conversion would do, as far as it can be told without reading a layer. */
export interface ConversionPlan extends PlannedSize {
  readonly dryRun: true;
  readonly source: ImageMetadata["source"];
  /** Null where the files alone tell, all of them. */
  readonly sourceDigest: Digest | null;
  readonly platform: string;
  readonly mode: ImageMetadata["mode"];
  readonly profile: ImageMetadata["profile"];
  readonly runtime: RuntimeMetadata;
  readonly layers: readonly LayerMetadata[];
  /** As in `meta.json`. */
  readonly edits?: ImageMetadata["edits"];
  /** Of all layers, or of what holds the files; null where nobody knows. */
  readonly storedBytes: number | null;
  readonly filesystem: PlannedFilesystem & {
    /** Absent where it follows from edits, from what a profile adds, or from the files. */
    readonly uuid?: string;
  };
  /** As in `meta.json`, where such a disk is asked for; absent where it follows from the files. */
  readonly writableDisk?: WritableDiskMetadata;
  /** Under which the result is kept, and looked for; null where results are not. */
  readonly resultKey: Digest | null;
  /** The files that would be written. */
  readonly outputs: readonly string[];
}

/**
 * Resolves and verifies the image's documents and tells what `convert` would make. Writes nothing to `out`. Throws as
 * `convert` does before its first layer.
 *
 * @example
 * ```ts
 * import { planConversion } from "docker2vm";
 *
 * const plan = await planConversion({ source: "oci:./alpine", platform: "linux/amd64", out: "./vm" });
 * console.log(plan.sourceDigest, plan.storedBytes, plan.filesystem.uuid);
 * ```
 */
export async function planConversion(options: ConvertOptions): Promise<ConversionPlan> {
  const request = checkOptions(options);
  return request.caller.serve(() => planAsAsked(request));
}

async function planAsAsked(request: FolderRequest): Promise<ConversionPlan> {
  checkOutside(request, request.place.folder);
  const verifyKey = await keyFor(request);
  const profile = await openProfile(request);
  try {
    await (await openEdits(request))?.close();
    const opening = { ...temporaryScratch(), verifyKey };
    return await withImage(request, opening, async (found, origin) => {
      const { digest, size, ...image } = await foundImage(found, request);
      if (size !== null) checkManifest(digest === null ? [{ size }] : image.layers, request);
      return {
        dryRun: true,
        source: { kind: origin.kind, reference: origin.reference },
        sourceDigest: digest,
        platform: formatPlatform(image.platform),
        mode: request.profile.mode,
        profile: request.profile.name,
        runtime: describeRuntime(image.config.config),
        layers: image.layers.map(describeLayer),
        ...(request.edits.length === 0 ? {} : { edits: request.edits.map(describeEdit) }),
        storedBytes: size,
        ...plannedSize(request),
        filesystem: {
          ...plannedFilesystem(labelOf(image, request), request),
          ...(digest === null
            ? keptUuid(image, request)
            : plannedUuid({ ...image, manifestDigest: digest }, request, profile)),
        },
        ...(digest === null ? {} : await plannedDisk({ ...image, manifestDigest: digest }, request)),
        resultKey: await plannedKey(found, origin, request, profile),
        outputs: plannedOutputs(request, profile),
      };
    });
  } finally {
    profile?.close();
  }
}

async function plannedKey(
  image: Parameters<typeof foundImage>[0],
  origin: SourceOrigin,
  request: FolderRequest,
  profile: Profile | undefined,
): Promise<Digest | null> {
  const { resultFacts, resultKey } = await import("./result-key.ts");
  const beside = request.place.file === undefined ? (profile?.outputs ?? []) : [];
  const facts = resultFacts(image, origin, request, beside);
  return facts === undefined ? null : resultKey(facts);
}

function plannedOutputs(request: FolderRequest, profile: Profile | undefined): string[] {
  const { image, writableDisk, metadata, assets } = outputNames(request, [
    ...(profile?.outputs ?? []),
    ...launchFileNames(request.launch),
  ]);
  const names = [image, writableDisk, metadata, ...assets].filter((name) => name !== undefined);
  return names.map((name) => join(request.place.folder, name));
}

async function plannedDisk(
  image: IdentifiedImage,
  request: FolderRequest,
): Promise<Pick<ConversionPlan, "writableDisk">> {
  const { writableDisk } = request;
  if (writableDisk === undefined) return {};
  const { planWritableDisk } = await import("./writable-disk.ts");
  return { writableDisk: (await planWritableDisk(writableDisk, image, request)).metadata };
}

/** Of files without a manifest. */
function keptUuid({ names }: Pick<FoundImage, "names">, request: Request): { uuid?: string } {
  const uuid = request.uuid ?? names?.uuid;
  return uuid === undefined ? {} : { uuid: formatUuid(uuid) };
}

function plannedUuid(
  image: ResolvedImage,
  request: Request,
  profile: Profile | undefined,
): { uuid?: string } {
  const time = filesystemTime(image, request);
  const isChanged = profile !== undefined || request.edits.length > 0;
  if (isChanged && request.uuid === undefined) return {};
  return { uuid: formatUuid(filesystemIdentity(image, time, request, {}).uuid) };
}
