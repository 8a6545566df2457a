import { IMAGE_NAMES } from "../filesystem/kinds.ts";
import { ImageFile } from "../output/image-file.ts";
import { StagedOutput } from "../output/staged-output.ts";
import { type ConvertedImage, makeImage } from "./make-image.ts";
import { METADATA_NAME } from "./meta.ts";
import type { ConversionOptions, ConvertOptions } from "./options.ts";
import { openProfile } from "./profiles.ts";
import { checkFolderConversion, checkOptions, type FolderRequest } from "./request.ts";
import type { SourceToMake } from "./source-to-make.ts";
import { keyFor, withImage } from "./with-image.ts";

/** What a conversion made in its folder. */
export interface ConvertResult extends ConvertedImage {
  /** The image, and what describes it: absolute paths. */
  readonly rootfsPath: string;
  readonly metadataPath: string;
  /** Files that a profile made beside them. */
  readonly assetPaths: readonly string[];
  /** Bytes of the image as the disk counts them: holes take none. */
  readonly allocatedBytes: number;
}

/**
 * Converts a container image into `rootfs.ext4`, or `rootfs.erofs`, and `meta.json` in the folder `out`: both or, if anything fails or
 * the signal fires, neither; what was there before is then there still. Throws Docker2vmError, and what `onProgress`
 * has thrown, as it is.
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
  const verifyKey = await keyFor(request);
  const profile = await openProfile(request);
  try {
    const { fileName } = request.filesystem;
    const assets = profile?.outputs ?? [];
    const output = await StagedOutput.create(
      request.out,
      [fileName, ...assets, METADATA_NAME],
      request.force,
      { leaving: IMAGE_NAMES.filter((name) => name !== fileName) },
    );
    try {
      const opening = { scratchFolder: output.scratch, verifyKey, toRead: true };
      const made = await withImage(request, opening, async (image, origin) => {
        const file = new ImageFile(output.path(fileName));
        const beside = (name: string): string => output.path(name);
        const converted = await makeImage({ image, origin, profile, request, store: file, beside });
        await output.write(METADATA_NAME, `${JSON.stringify(converted.metadata, undefined, 2)}\n`);
        return { ...converted, allocatedBytes: file.allocatedBytes };
      });
      request.signal.throwIfAborted();
      await output.commit();
      return {
        rootfsPath: output.target(fileName),
        metadataPath: output.target(METADATA_NAME),
        assetPaths: assets.map((name) => output.target(name)),
        ...made,
      };
    } catch (error) {
      await output.discard();
      throw error;
    }
  } finally {
    profile?.close();
  }
}
