import { Caller } from "../caller.ts";
import { given } from "../given.ts";
import { hostPlatform, parsePlatform, type WantedPlatform } from "../oci/platform.ts";
import { ACCESS_SHAPES } from "../registry/access.ts";
import { checkSpec } from "../source/check-spec.ts";
import { parseSourceReference } from "../source/reference.ts";
import type { SourceSpec } from "../source/source.ts";
import { type LimitsRequest, limitsRequest } from "./limits.ts";
import type { Environment, ImageOptions, RegistrySettings } from "./options.ts";
import type { ProgressEvent } from "./progress.ts";
import type { SourceToMake } from "./source-to-make.ts";

/** Registry settings with an environment, be it empty. */
export type RegistryRequest = RegistrySettings & { readonly environment: Environment };

/** What is asked of an image, wherever it is, and who asks: every value checked, every default filled in. */
export interface ImageDemands {
  readonly platform: WantedPlatform;
  readonly registry: RegistryRequest;
  readonly limits: LimitsRequest;
  readonly caller: Caller;
  /** The caller's. */
  readonly signal: AbortSignal;
  /** Tells the caller, and keeps the warnings; never throws. */
  readonly report: (event: ProgressEvent) => void;
  readonly warnings: readonly string[];
}

/** The same with the image. */
export interface ImageRequest extends ImageDemands {
  readonly source: SourceSpec | SourceToMake;
}

const SHAPES = {
  platform: "text",
  registry: "object",
  limits: "object",
  signal: "signal",
  onProgress: "function",
} as const;

const REGISTRY_SHAPES = { ...ACCESS_SHAPES, cacheFolder: "text", verifyKeyFile: "text" } as const;

/** Throws E_USAGE for what no image could make right. */
export function checkImageOptions(options: ImageOptions): ImageRequest {
  return { source: checkSource(options), ...checkDemands(options) };
}

/** Throws E_USAGE for what names no source. `name` is the option's. */
export function checkSource(options: Pick<ImageOptions, "source">, name = "source"): SourceSpec {
  const { source } = given(options, {});
  return typeof source === "string" ? parseSourceReference(source) : checkSpec(source, name);
}

/** Throws E_USAGE for what no image could make right. */
export function checkDemands(options: Omit<ImageOptions, "source">): ImageDemands {
  const { registry = {}, limits, signal, onProgress } = given(options, {}, SHAPES);
  given(registry, {}, REGISTRY_SHAPES);
  const warnings: string[] = [];
  const caller = new Caller(signal);
  return {
    platform: wantedPlatform(options),
    registry: { ...registry, environment: registry.environment ?? {} },
    limits: limitsRequest(limits),
    caller,
    signal: caller.signal,
    report: caller.listener((event) => {
      if (event.type === "warning") warnings.push(event.message);
      onProgress?.(event);
    }),
    warnings,
  };
}

function wantedPlatform({ platform, anyPlatform = false }: Omit<ImageOptions, "source">): WantedPlatform {
  if (platform !== undefined) return { ...parsePlatform(platform), named: true, any: anyPlatform };
  return { ...hostPlatform(process.arch), any: anyPlatform };
}
