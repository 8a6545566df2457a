import type { ConversionOptions, Environment } from "../convert/options.ts";

/** The programs that can build, in the order in which they are tried. */
export const BUILDERS = ["docker-buildx", "buildctl", "buildah"] as const;

/** By its name. */
export type BuilderName = (typeof BUILDERS)[number];

/** What is built, and what is made of it; every option is optional but `out`. */
export interface DockerfileOptions extends Omit<ConversionOptions, "registry"> {
  /** The Dockerfile; the one in the context if absent. */
  readonly file?: string | undefined;
  /** The folder that COPY and ADD take from; "." if absent. */
  readonly context?: string | undefined;
  /** Who builds; absent: the first that works. */
  readonly builder?: BuilderName | undefined;
  /** The stage to be built; the last if absent. */
  readonly target?: string | undefined;
  /** "NAME=VALUE", or "NAME" for a value from the environment. */
  readonly buildArgs?: readonly string[] | undefined;
  /** As the builder takes them: "id=token,src=./token". */
  readonly secrets?: readonly string[] | undefined;
  /** Build every step anew. */
  readonly noCache?: boolean | undefined;
  /**
   * What the builder is found and run with, and the profile's environment where that is absent; this process's own if
   * absent.
   */
  readonly environment?: Environment | undefined;
  /** As `onProgress`: what it throws ends everything. */
  readonly onBuild?: ((event: BuildEvent) => void) | undefined;
}

/** What is told of a build while it runs. */
export type BuildEvent =
  | { readonly type: "builder"; readonly builder: BuilderName }
  /** Whole lines of the builder's own output, each with its line feed. */
  | { readonly type: "build-output"; readonly text: string };
