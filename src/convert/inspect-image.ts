import { formatPlatform } from "../oci/platform.ts";
import type { ImageInspection as RegistryInspection } from "../source/registry-inspect.ts";
import type { ResolvedImage } from "../source/source.ts";
import { describeLayer, describeRuntime, storedBytes } from "./describe.ts";
import { type FoundImage, foundImage } from "./found-image.ts";
import { checkImageOptions, type ImageRequest } from "./image-request.ts";
import type { LayerMetadata, RuntimeMetadata } from "./meta.ts";
import type { ImageOptions } from "./options.ts";
import { keyFor, type Opening, temporaryScratch, withImage } from "./with-image.ts";

/** What an image is, as told without reading a layer. */
export interface ImageInspection {
  /** As the command takes it. */
  readonly reference: string;
  /** The images that a registry lists under the name, one for each platform; empty for other sources. */
  readonly manifests: readonly { readonly digest: string; readonly platform: string | undefined }[];
  /** The image for the platform asked for; undefined if the registry has none for it. */
  readonly image: InspectedImage | undefined;
}

/** One image, for one platform. */
export interface InspectedImage {
  /** Digest of the manifest; null where there is none, and the files alone tell, all of them. */
  readonly digest: string | null;
  readonly platform: string;
  /** RFC 3339, as the config has it. */
  readonly created: string | undefined;
  readonly layers: readonly LayerMetadata[];
  /** Of all layers, or of what holds the files; null where nobody knows. */
  readonly storedBytes: number | null;
  readonly runtime: RuntimeMetadata;
}

/**
 * Resolves and verifies the documents of an image. Throws as `convert` does before its first layer.
 *
 * @example
 * ```ts
 * import { inspectImage } from "docker2vm";
 *
 * const { image } = await inspectImage({ source: "oci:./alpine", platform: "linux/arm64" });
 * for (const { diffId, size } of image?.layers ?? []) console.log(diffId, size);
 * ```
 */
export async function inspectImage(options: ImageOptions): Promise<ImageInspection> {
  const request = checkImageOptions(options);
  return request.caller.serve(() => inspectAsAsked(request));
}

async function inspectAsAsked(request: ImageRequest): Promise<ImageInspection> {
  const opening = { ...temporaryScratch(), verifyKey: await keyFor(request) };
  if (request.source.kind === "registry") return inspectByName(request.source.reference, opening, request);
  return withImage(request, opening, async (image, { reference }) => ({
    reference,
    manifests: [],
    image: describeInspected(await foundImage(image, request)),
  }));
}

async function inspectByName(
  reference: string,
  opening: Opening,
  request: ImageRequest,
): Promise<ImageInspection> {
  const { inspectRegistryImage } = await import("../source/registry-inspect.ts");
  const { registry, signal, report } = request;
  const options = { ...registry, ...opening, signal, onEvent: report };
  const inspection = await inspectRegistryImage(reference, request.platform, options);
  for (const message of inspection.image?.warnings ?? []) report({ type: "warning", message });
  return describeRegistryImage(inspection);
}

function describeRegistryImage({ reference, manifests, image }: RegistryInspection): ImageInspection {
  return {
    reference,
    manifests: manifests.map(({ digest, platform }) => ({
      digest,
      platform: platform && formatPlatform(platform),
    })),
    image:
      image && describeInspected({ ...image, digest: image.manifestDigest, size: storedBytes(image.layers) }),
  };
}

type Inspectable = Pick<FoundImage, "digest" | "size" | "platform" | "config"> & {
  readonly layers: readonly Pick<ResolvedImage["layers"][number], "digest" | "diffId" | "size">[];
};

function describeInspected({ digest, size, platform, config, layers }: Inspectable): InspectedImage {
  return {
    digest,
    platform: formatPlatform(platform),
    created: config.created,
    layers: layers.map(describeLayer),
    storedBytes: size,
    runtime: describeRuntime(config.config),
  };
}
