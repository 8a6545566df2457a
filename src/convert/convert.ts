import { Docker2vmError } from "../errors.ts";
import { planExt4 } from "../ext4/plan.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { ImageFile } from "../output/image-file.ts";
import { StagedOutput } from "../output/staged-output.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import { describeFilesystem, describeImage, describeLayer, describeSizing, type Sizing } from "./describe.ts";
import { filesystemIdentity } from "./identity.ts";
import type { ImageMetadata } from "./meta.ts";
import type { ConvertOptions } from "./options.ts";
import { checkOptions, type Request } from "./request.ts";
import { streamLayers } from "./stream-layers.ts";
import { withImage } from "./with-image.ts";
import { writeFilesystem, writeVerity } from "./write-filesystem.ts";

export const ROOTFS_NAME = "rootfs.ext4";
export const METADATA_NAME = "meta.json";

/** What a conversion made. */
export interface ConvertResult {
  readonly rootfsPath: string;
  readonly metadataPath: string;
  readonly metadata: ImageMetadata;
  /** Bytes of `rootfs.ext4` as its length says. */
  readonly apparentBytes: number;
  /** Bytes of `rootfs.ext4` as the disk counts them: holes take none. */
  readonly allocatedBytes: number;
  /** How the filesystem's size came about. */
  readonly sizing: Sizing;
  readonly warnings: readonly string[];
}

/**
 * Converts a container image into `rootfs.ext4` and `meta.json` in the folder `out`: both or, if anything fails or
 * the signal fires, neither. Throws Docker2vmError.
 */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const request = checkOptions(options);
  const output = await StagedOutput.create(request.out, [ROOTFS_NAME, METADATA_NAME], request.force);
  try {
    const made = await withImage(request, output.scratch, (image, origin) =>
      makeImage(image, origin, output, request),
    );
    await output.commit();
    return made;
  } catch (error) {
    await output.discard();
    throw interruption(request.signal) ?? error;
  }
}

/** The conversion itself: layers into a tree and blocks, the tree into a filesystem, and what was made, described. */
async function makeImage(
  image: ResolvedImage,
  origin: SourceOrigin,
  output: StagedOutput,
  request: Request,
): Promise<ConvertResult> {
  const { manifestDigest, platform, layers } = image;
  request.report({ type: "resolved", manifestDigest, platform, layers: layers.map(describeLayer) });
  const file = new ImageFile(output.path(ROOTFS_NAME));
  try {
    const { root, contents } = await streamLayers(layers, file, request);
    const identity = filesystemIdentity(image, request);
    const { label, filesystem } = request;
    const plan = planExt4(root, contents, { ...identity, ...filesystem, label });
    await writeFilesystem(plan, file, request);
    const verity = await writeVerity(plan, file, identity, request);
    await file.sync();

    const described = describeImage(
      origin,
      image,
      describeFilesystem(identity, request, plan, verity),
      request,
    );
    const rootfsDigest = request.digest ? await digestOf(file, request) : undefined;
    const metadata = rootfsDigest === undefined ? described : { ...described, rootfsDigest };
    await output.write(METADATA_NAME, `${JSON.stringify(metadata, undefined, 2)}\n`);
    return {
      rootfsPath: output.target(ROOTFS_NAME),
      metadataPath: output.target(METADATA_NAME),
      metadata,
      apparentBytes: file.apparentBytes,
      allocatedBytes: file.allocatedBytes,
      sizing: describeSizing(request),
      warnings: request.warnings,
    };
  } finally {
    file.close();
  }
}

async function digestOf(file: ImageFile, request: Request): Promise<Digest> {
  return parseDigest(`sha256:${await file.sha256(request.signal)}`, ROOTFS_NAME);
}

/** Once the signal has fired, whatever failed failed because of it. */
function interruption(signal: AbortSignal | undefined): unknown {
  if (!signal?.aborted) return undefined;
  if (signal.reason instanceof Docker2vmError) return signal.reason;
  return new Docker2vmError("E_INTERRUPTED", "the conversion was interrupted", { cause: signal.reason });
}
