import type { Paused } from "../../waiting/steps.ts";
import type { ReadableFilesystem, TypedInode } from "./filesystem.ts";
import { walk } from "./walk.ts";

/** Every inode below a directory once, however many names it has; throws as `walk` does. */
export function* inodesBelow<Node extends TypedInode & { readonly links: number }>(
  filesystem: ReadableFilesystem<Node>,
  root: Node,
): Paused<Node> {
  const seen = new Set<number>();
  for (const file of walk(filesystem, root, () => true)) {
    const inode = file?.inode;
    if (inode !== undefined && inode.type !== "directory" && inode.links > 1) {
      if (seen.has(inode.number)) continue;
      seen.add(inode.number);
    }
    yield inode;
  }
}
