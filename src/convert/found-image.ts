import { noConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { ResolvedImage } from "../source/source.ts";
import { storedBytes } from "./describe.ts";
import type { Conversion } from "./request.ts";

/** What can be told of a source before its files are read. */
export interface FoundImage extends Omit<ResolvedImage, "manifestDigest"> {
  /** Null where the files alone tell, all of them. */
  readonly digest: Digest | null;
  /** Bytes as stored; null where nobody knows. */
  readonly size: number | null;
}

type Demand = Pick<Conversion, "platform" | "report" | "signal" | "limits"> &
  Partial<Pick<Conversion, "profile" | "filesystem">>;

/** Throws E_PLATFORM_NOT_FOUND where the programs of a root filesystem are for another one. */
export async function foundImage(found: ResolvedImage | RootFilesystem, demand: Demand): Promise<FoundImage> {
  if ("layers" in found) {
    return { ...found, digest: found.manifestDigest, size: storedBytes(found.layers) };
  }
  // Loaded only here: most images are in layers.
  const { platformOf } = await import("./stream-tree.ts");
  return {
    digest: null,
    size: found.size ?? null,
    platform: await platformOf(found, demand),
    config: noConfig(found.created),
    layers: [],
    warnings: found.warnings,
    names: found.names,
  };
}
