/** What `oci2gondolin` and `dockerfile2gondolin` print. */
import type { ConversionPlan } from "../convert/dry-run.ts";
import type { ImageMetadata } from "../convert/meta.ts";
import type { DockerfilePlan } from "../dockerfile/dry-run.ts";
import type { BuilderName } from "../dockerfile/options.ts";

/** Where the image is from, as the options say. */
type ImageSource =
  | { readonly kind: "image"; readonly ref: string }
  | { readonly kind: "oci-layout" | "oci-tar"; readonly path: string };

/** What `oci2gondolin` has made; paths are absolute. */
export interface GondolinConversion extends Pick<ImageMetadata, "sourceDigest" | "platform" | "mode"> {
  readonly command: "oci2gondolin";
  readonly source: ImageSource | { readonly kind: "dockerfile"; readonly path: string };
  readonly outDir: string;
  readonly rootfsPath: string;
  readonly metadataPath?: string | undefined;
  /** Gondolin's own manifest, where all assets are made. */
  readonly assetManifestPath?: string;
  /** All that was written. */
  readonly files: readonly string[];
}

/** What `dockerfile2gondolin` has made. */
export interface GondolinBuild {
  readonly command: "dockerfile2gondolin";
  readonly builder: BuilderName;
  /** There is none that is left. */
  readonly ociTarTemporaryPath: null;
  readonly ociTarDeletedAfterRun: true;
  readonly conversion: GondolinConversion;
}

/** What `oci2gondolin` would make. */
export interface GondolinPlan extends Omit<ConversionPlan, "source"> {
  readonly command: "oci2gondolin";
  readonly source: ImageSource;
  readonly outDir: string;
}

/** What `dockerfile2gondolin` would make. */
export interface GondolinBuildPlan extends DockerfilePlan {
  readonly command: "dockerfile2gondolin";
  readonly outDir: string;
}

/** One of all these. */
export type GondolinDocument = GondolinConversion | GondolinBuild | GondolinPlan | GondolinBuildPlan;
