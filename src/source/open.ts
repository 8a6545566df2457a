import type { ArchiveOptions } from "./archive.ts";
import { isEngineSource } from "./engine-reference.ts";
import { openLayoutFolder } from "./layout.ts";
import { formatSourceReference } from "./reference.ts";
import type { RegistryOptions } from "./registry-options.ts";
import type { ImageSource, ImageSpec } from "./source.ts";

/** How images are pulled by name; what belongs to the one pull is added here. */
export type PullOptions = Omit<RegistryOptions, "scratchFolder" | "signal" | "verifyKey">;

export interface OpenSourceOptions extends ArchiveOptions {
  /** For the source `{ kind: "registry" }`. */
  readonly registry?: PullOptions | undefined;
}

/**
 * Opens a source; the caller closes it. Archives that cannot be read by position are kept in the scratch folder until
 * then. Throws E_IMAGE_NOT_FOUND, E_BAD_ARCHIVE, E_UNSUPPORTED, E_NO_SPACE, E_IO, E_USAGE for places that settings name
 * wrongly, and the signal's reason.
 */
export async function openSource(spec: ImageSpec, options: OpenSourceOptions): Promise<ImageSource> {
  if (spec.kind === "stream" || spec.kind === "stdin") {
    // Loaded when they are wanted, as all below but a layout.
    const { openStream } = await import("./stream.ts");
    return openStream(spec, options);
  }
  if (spec.kind === "registry") {
    const { openRegistrySource } = await import("./registry-source.ts");
    const { scratchFolder, signal, verifyKey, registry = { environment: {} } } = options;
    return openRegistrySource(spec.reference, { ...registry, scratchFolder, signal, verifyKey });
  }
  if (isEngineSource(spec)) {
    const { openEngineSource } = await import("./engine-source.ts");
    return openEngineSource(spec, { ...options, environment: options.registry?.environment ?? {} });
  }
  const origin = { kind: spec.kind, reference: formatSourceReference(spec) };
  const choice = spec.select ?? {};
  if (spec.kind === "oci-layout") return openLayoutFolder(spec.path, choice, origin, options.verifyKey);
  const { openArchiveFile } = await import("./archive.ts");
  return openArchiveFile(spec.path, choice, origin, options);
}
