import type { Sizing } from "../filesystem/kind/size.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { ImageFile } from "../output/image-file.ts";
import { ImageWriter } from "../output/image-writer.ts";
import { StagedOutput } from "../output/staged-output.ts";
import type { FinishedImage, Profile } from "../profile/profile.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { Timestamp } from "../tree/inode.ts";
import { inTurns } from "../waiting/steps.ts";
import { describeFilesystem, describeImage, describeLayer } from "./describe.ts";
import { filesystemIdentity, filesystemTime } from "./identity.ts";
import { checkManifest } from "./limits.ts";
import type { ImageMetadata } from "./meta.ts";
import type { ConversionOptions, ConvertOptions } from "./options.ts";
import { inject, openProfile } from "./profiles.ts";
import { checkConversion, checkOptions, type Request } from "./request.ts";
import type { SourceToMake } from "./source-to-make.ts";
import { streamLayers } from "./stream-layers.ts";
import { keyFor, withImage } from "./with-image.ts";
import { writeFilesystem, writeVerity } from "./write-filesystem.ts";

export const METADATA_NAME = "meta.json";

/** What a conversion made. */
export interface ConvertResult {
  readonly rootfsPath: string;
  readonly metadataPath: string;
  /** Files that a profile made beside them. */
  readonly assetPaths: readonly string[];
  readonly metadata: ImageMetadata;
  /** Bytes of the filesystem image as its length says. */
  readonly apparentBytes: number;
  /** Bytes of the filesystem image as the disk counts them: holes take none. */
  readonly allocatedBytes: number;
  /** How the filesystem's size came about. */
  readonly sizing: Sizing;
  readonly warnings: readonly string[];
}

/**
 * Converts a container image into `rootfs.ext4`, or `rootfs.erofs`, and `meta.json` in the folder `out`: both or, if anything fails or
 * the signal fires, neither; what was there before is then there still. Throws Docker2vmError, and what `onProgress`
 * has thrown, as it is.
 */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const request = checkOptions(options);
  return request.caller.serve(() => convertAsAsked(request));
}

/** The same of an image that is made for it. */
export async function convertMade(source: SourceToMake, options: ConversionOptions): Promise<ConvertResult> {
  const request = { source, ...checkConversion(options) };
  return request.caller.serve(() => convertAsAsked(request));
}

async function convertAsAsked(request: Request): Promise<ConvertResult> {
  const verifyKey = await keyFor(request);
  const profile = await openProfile(request);
  try {
    const names = [request.filesystem.fileName, ...(profile?.outputs ?? []), METADATA_NAME];
    const output = await StagedOutput.create(request.out, names, request.force);
    try {
      const opening = { scratchFolder: output.scratch, verifyKey, toRead: true };
      const made = await withImage(request, opening, (image, origin) =>
        makeImage({ image, origin, output, profile, request }),
      );
      request.signal.throwIfAborted();
      await output.commit();
      return made;
    } catch (error) {
      await output.discard();
      throw error;
    }
  } finally {
    profile?.close();
  }
}

interface Job {
  readonly image: ResolvedImage;
  readonly origin: SourceOrigin;
  readonly output: StagedOutput;
  readonly profile: Profile | undefined;
  readonly request: Request;
}

/** The conversion itself: layers into a tree and blocks, the tree into a filesystem, and what was made, described. */
async function makeImage(job: Job): Promise<ConvertResult> {
  const { image, origin, output, profile, request } = job;
  const { layers } = image;
  checkManifest(layers, request);
  request.report({
    type: "resolved",
    sourceDigest: image.manifestDigest,
    platform: formatPlatform(image.platform),
    layers: layers.map(describeLayer),
  });
  const { fileName } = request.filesystem;
  const writer = new ImageWriter(output.path(fileName));
  const file = writer.image;
  try {
    const streamed = await streamLayers(layers, writer, request);
    request.signal.throwIfAborted();
    const time = filesystemTime(image, request);
    const injection = await inject(profile, streamed, { image, time, request });
    const { root, contents, filesystem } = streamed;
    const identity = filesystemIdentity(image, time, request, injection);
    const planning = filesystem.plan(root, contents, identity);
    const plan = await inTurns(planning, request.signal);
    await writeFilesystem(plan, writer, request);
    const verity = await writeVerity(plan, file, identity, request);
    await file.sync();

    const described = describeImage(
      origin,
      image,
      describeFilesystem(identity, request, plan, verity),
      injection,
      request,
    );
    const beside = profile !== undefined && profile.outputs.length > 0;
    const rootfsDigest = request.digest || beside ? await digestOf(file, request) : undefined;
    if (beside && rootfsDigest !== undefined) {
      await profile.writeOutputs(finishedImage(rootfsDigest, time, job));
    }
    const metadata = rootfsDigest === undefined ? described : { ...described, rootfsDigest };
    await output.write(METADATA_NAME, `${JSON.stringify(metadata, undefined, 2)}\n`);
    return {
      rootfsPath: output.target(fileName),
      metadataPath: output.target(METADATA_NAME),
      assetPaths: (profile?.outputs ?? []).map((name) => output.target(name)),
      metadata,
      apparentBytes: file.apparentBytes,
      allocatedBytes: file.allocatedBytes,
      sizing: request.filesystem.sizing,
      warnings: request.warnings,
    };
  } finally {
    await writer.close();
  }
}

function finishedImage(rootfsDigest: Digest, time: Timestamp, { image, output }: Job): FinishedImage {
  return {
    rootfsDigest: rootfsDigest.slice("sha256:".length),
    manifestDigest: image.manifestDigest,
    platform: image.platform,
    time,
    path: (name) => output.path(name),
  };
}

async function digestOf(file: ImageFile, request: Request): Promise<Digest> {
  return parseDigest(`sha256:${await file.sha256(request.signal)}`, request.filesystem.fileName);
}
