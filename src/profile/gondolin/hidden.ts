import { displayPath } from "../../tree/path.ts";
import { findPlace } from "../../tree/resolve.ts";
import type { ImageInProgress } from "../profile.ts";
import { asBytes } from "../shell-words.ts";
import { EMPTIED_FOLDERS } from "./contract.ts";

/**
 * Warns where the image's workload would miss its own files: its working directory, or what its command names by
 * path, lies where Gondolin's /init mounts empty folders.
 */
export function warnOfHiddenFiles({ root, runtime, warn }: ImageInProgress): void {
  const words = [runtime.WorkingDir, ...runtime.Entrypoint, ...runtime.Cmd].map(asBytes);
  for (const word of new Set(words.filter((text) => text.startsWith("/")))) {
    const place = findPlace(root, word);
    if (place === undefined) continue;
    const { path, inode } = place;
    const folder = EMPTIED_FOLDERS.find((emptied) => path === emptied || path.startsWith(`${emptied}/`));
    if (folder === undefined || (inode.type === "directory" && inode.entries.size === 0)) continue;
    warn(
      `Gondolin's /init mounts an empty folder on ${folder}: the guest will not have what is in the image at ${displayPath(path)}`,
    );
  }
}
