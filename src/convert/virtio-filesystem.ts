import type { FilesystemName } from "../filesystem/kind/kind.ts";
import type { FilesystemSettings } from "./options.ts";

/** What is said of the filesystem of a virtio device. */
export interface VirtioFilesystem {
  readonly filesystemType?: FilesystemName | undefined;
  readonly size?: number | undefined;
  readonly readOnly?: boolean | undefined;
}

/** The same as a conversion takes it: an EROFS where nobody is to write, and neither a kind nor a size is insisted on. */
export function virtioFilesystem({ filesystemType, size, readOnly }: VirtioFilesystem): FilesystemSettings {
  const usual = readOnly === true && size === undefined ? "erofs" : undefined;
  return { type: filesystemType ?? usual, size, readOnly };
}
