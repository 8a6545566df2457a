import { formatSourceReference } from "../source/reference.ts";
import type { RootfsSource } from "../source/source.ts";
import type { RootFilesystem } from "./root-filesystem.ts";

/**
 * Opens a root filesystem that is no container image; the caller closes it. Throws E_IMAGE_NOT_FOUND, E_BAD_ARCHIVE,
 * E_INVALID_FILESYSTEM, E_NEEDS_RECOVERY, E_UNSUPPORTED, E_IO, and the signal's reason.
 */
export async function openRootFilesystem(spec: RootfsSource, signal: AbortSignal): Promise<RootFilesystem> {
  const origin = { kind: spec.kind, reference: formatSourceReference(spec) };
  switch (spec.kind) {
    case "rootfs-tar":
      return await (await import("./flat-tar.ts")).openFlatTar(spec, origin);
    case "image":
      return await (await import("./filesystem-image.ts")).openFilesystemImage(spec, origin, signal);
    case "dir":
      return (await import("./folder.ts")).openFolder(spec, origin);
  }
}
