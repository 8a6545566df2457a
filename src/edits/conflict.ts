import { Docker2vmError } from "../errors.ts";
import type { Directory, Inode } from "../tree/inode.ts";
import { displayPath } from "../tree/path.ts";
import { type Place, type ResolveOptions, resolvePath } from "../tree/resolve.ts";

/** What an edit has met in the image; whoever made it is named by who hands it on. */
export function conflict(what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_EDIT_CONFLICT", what, { hint });
}

/** Where the path leads. Throws E_EDIT_CONFLICT where something is in its way. */
export function placeOf(root: Directory, path: string, options: ResolveOptions): Place {
  const place = resolvePath(root, path, options);
  if (!("obstacle" in place)) return place;
  throw conflict(
    displayPath(place.obstacle),
    "edits are made in the order they are given: remove what is in the way before",
  );
}

/**
 * What the path leads to, symlinks followed or but for the last one. Throws E_EDIT_CONFLICT where that is nothing, or no
 * folder where the path is written as one.
 */
export function existing(root: Directory, path: string, follow: boolean): Place & { readonly inode: Inode } {
  const place = placeOf(root, path, { follow });
  const { inode } = place;
  const end = displayPath(place.path);
  if (inode === undefined) {
    throw conflict(
      `there is nothing at ${end}${end === displayPath(path) ? "" : `, where ${displayPath(path)} leads`}`,
      "is the path right? edits are made in the order they are given, to what those before have left",
    );
  }
  if (path.endsWith("/") && inode.type !== "directory") {
    throw conflict(`${end} is no directory`, "leave the slash at the path's end out");
  }
  return { ...place, inode };
}
