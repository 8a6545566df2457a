/** Where what is added comes to lie in a tree. */
import { asBytes } from "../profile/shell-words.ts";
import { type Directory, directoryOf, type Inode } from "../tree/inode.ts";
import { displayPath } from "../tree/path.ts";
import { type Place, resolvePath } from "../tree/resolve.ts";
import { TREE_COST } from "../tree/tree-budget.ts";
import { conflict, placeOf } from "./conflict.ts";
import type { EditedImage } from "./edited-image.ts";
import { madeBy } from "./stream-in.ts";

const MISSING_MODE = 0o755;

/** Makes folders that are missing on the way: root's, 0755. */
export function folderMaker(image: EditedImage): (parent: Directory, name: string) => Directory {
  return (parent, name) => makeFolder(image, parent, name, madeBy(image, MISSING_MODE));
}

export function makeFolder(
  { memory, onEntry }: Pick<EditedImage, "memory" | "onEntry">,
  parent: Directory,
  name: string,
  metadata: Directory["metadata"],
): Directory {
  onEntry();
  memory.spend(TREE_COST.name + name.length);
  const folder = directoryOf(metadata);
  parent.entries.set(name, folder);
  return folder;
}

/**
 * Where a file goes: to `path`, or where that is a folder, or is written as one, into it by the name that it has here.
 * Throws E_EDIT_CONFLICT where it has none, and for a folder in its place.
 */
export function placeForFile(image: EditedImage, path: string, fileName: string | undefined): Place {
  const there = resolvePath(image.root, path, { follow: true });
  const isFolder = "inode" in there && there.inode?.type === "directory";
  if (!isFolder && !path.endsWith("/")) return placeForName(image, path);
  if (fileName !== undefined) return placeForName(image, `${path}/${asBytes(fileName)}`);
  throw conflict(
    `${displayPath(path)} is a folder, and what is added has no name of its own`,
    "give the whole path of the file that it is to be",
  );
}

/** Where something goes by just that path, over anything but a folder, for which E_EDIT_CONFLICT is thrown. */
export function placeForName(image: EditedImage, path: string): Place {
  const place = placeOf(image.root, path, { follow: false, makeDirectory: folderMaker(image) });
  if (place.inode?.type !== "directory") return place;
  throw conflict(
    `${displayPath(place.path)} is a folder`,
    "it is replaced by nothing else: remove it before, if it is to go",
  );
}

/**
 * Has what a folder holds in the folder that `path` leads to. Folders that are there stay as they are, also where a
 * symlink leads to them; the folder itself takes the place where there is nothing. Throws E_EDIT_CONFLICT where a folder
 * meets something else.
 */
export function mergeFolder(image: EditedImage, path: string, folder: Directory): void {
  const place = placeOf(image.root, path, { follow: true, makeDirectory: folderMaker(image) });
  if (place.inode === undefined) {
    place.parent.entries.set(place.name, folder);
    return;
  }
  const work = [
    { into: folderOf(place.inode, place.path), from: folder, path: place.path.replace(/\/$/, "") },
  ];
  for (let pair = work.pop(); pair !== undefined; pair = work.pop()) {
    for (const [name, inode] of pair.from.entries) {
      const below = `${pair.path}/${name}`;
      const there = pair.into.entries.get(name);
      if (there === undefined) pair.into.entries.set(name, inode);
      else if (inode.type === "directory") {
        const into = folderOf(led(image.root, below, there), below);
        work.push({ into, from: inode, path: below });
      } else if (there.type !== "directory") pair.into.entries.set(name, inode);
      else {
        throw conflict(
          `${displayPath(below)} is a folder, and a ${inode.type} is to be there`,
          "it is replaced by nothing else: remove it before, if it is to go",
        );
      }
    }
  }
}

/** Where a symlink leads; anything else itself. */
function led(root: Directory, path: string, inode: Inode): Inode {
  if (inode.type !== "symlink") return inode;
  const place = resolvePath(root, path, { follow: true });
  return "obstacle" in place ? inode : (place.inode ?? inode);
}

function folderOf(inode: Inode, path: string): Directory {
  if (inode.type === "directory") return inode;
  throw conflict(
    `${displayPath(path)} is a ${inode.type}, and a folder is to be there`,
    "remove it before, if it is to go",
  );
}
