/** Names with a meaning of their own in a layer: image-spec, layer.md, "Whiteouts". */
import { pathComponents } from "./path.ts";

export const WHITEOUT_PREFIX = ".wh.";
export const OPAQUE_WHITEOUT = ".wh..wh..opq";
/** AUFS keeps its own records under such names; they are no part of the image. */
export const AUFS_PREFIX = ".wh..wh.";
export const AUFS_RECORDS: ReadonlySet<string> = new Set([".wh..wh.aufs", ".wh..wh.orph", ".wh..wh.plnk"]);
/** Opaque marks as other programs spell them, now or once. */
export const FOREIGN_OPAQUE: ReadonlySet<string> = new Set([".wh..opq", ".wh.__dir_opaque"]);

/**
 * True if the name makes the entry a whiteout, whatever its type says: AUFS and some builders store whiteouts as hard
 * links.
 */
export function isWhiteout(path: string, layer: string): boolean {
  if (!path.includes(WHITEOUT_PREFIX)) return false;
  const name = pathComponents(path, layer).at(-1) ?? "";
  return name === OPAQUE_WHITEOUT || (name.startsWith(WHITEOUT_PREFIX) && !name.startsWith(AUFS_PREFIX));
}
