/** Paths of folders, which come to the square of the depth of a tree. */
import { charactersInJson } from "./path-room.ts";

/** Longer ones the kernel does not take. */
export const PATH_MAX = 4096;
/** Characters of all paths together, as JSON has them: a million folders of 128 each, or an eighth of that 1,024 deep. */
const MOST_CHARACTERS = 1 << 27;

/** A name in a list in which every folder stands before what is in it. */
interface Placed {
  readonly name: string;
  /** Its own number where it is the root. */
  readonly parent: number;
}

/**
 * The path of each folder by its number, "" for the root. Those that are too long are left out, and told by those above
 * them alone: beyond PATH_MAX, and the longest where all would come to more than `most` characters.
 */
export function folderPaths<Name extends Placed>(
  names: readonly Name[],
  isFolder: (name: Name) => boolean,
  most = MOST_CHARACTERS,
): ReadonlyMap<number, string> {
  const longest = longestPath(names, isFolder, most);
  // Each made of the one above, which runtimes keep as a pair until its characters are asked for.
  const paths = new Map([[0, ""]]);
  for (let number = 1; number < names.length; number++) {
    const name = names[number];
    if (name === undefined || !isFolder(name)) continue;
    const above = paths.get(name.parent);
    if (above === undefined) continue;
    if (above.length + 1 + name.name.length <= longest) paths.set(number, `${above}/${name.name}`);
  }
  return paths;
}

/** The greatest length such that all paths up to it are no more characters than may be. */
function longestPath<Name extends Placed>(
  names: readonly Name[],
  isFolder: (name: Name) => boolean,
  most: number,
): number {
  const lengths = new Int32Array(names.length);
  const written = new Int32Array(names.length);
  /** By the lengths of paths, the characters of all that are as long. */
  const sums = new Float64Array(PATH_MAX + 1);
  for (let number = 1; number < names.length; number++) {
    const name = names[number];
    if (name === undefined || !isFolder(name)) continue;
    const length = Math.min((lengths[name.parent] ?? 0) + 1 + name.name.length, PATH_MAX + 1);
    lengths[number] = length;
    if (length > PATH_MAX) continue;
    written[number] = (written[name.parent] ?? 0) + 1 + charactersInJson(name.name);
    sums[length] = (sums[length] ?? 0) + (written[number] ?? 0);
  }
  let characters = 0;
  for (let length = 1; length <= PATH_MAX; length++) {
    characters += sums[length] ?? 0;
    if (characters > most) return length - 1;
  }
  return PATH_MAX;
}
