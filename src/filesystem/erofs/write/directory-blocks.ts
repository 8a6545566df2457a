import { viewOf } from "../../../blocks/field.ts";
import { DIRENT, DIRENT_SIZE, FILE_TYPE } from "../format/directory.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import { type ErofsPlan, nidOf } from "./plan.ts";

/** Writes block `block` of a directory, all of it or what is used of the last one. */
export function encodeEntries(
  plan: ErofsPlan,
  { entries, ends, children }: DirectoryLayout,
  block: number,
  bytes: Uint8Array,
): void {
  const { inodes } = plan.namespace;
  const view = viewOf(bytes);
  const first = ends[block - 1] ?? 0;
  const end = ends[block] ?? first;
  let nameAt = (end - first) * DIRENT_SIZE;
  for (let entry = first; entry < end; entry++) {
    const child = children[entry] ?? 0;
    const at = (entry - first) * DIRENT_SIZE;
    DIRENT.nid.put(view, at, nidOf(plan, child));
    DIRENT.nameoff.put(view, at, nameAt);
    DIRENT.file_type.put(view, at, FILE_TYPE[inodes.node(child)?.type ?? "file"]);
    entries.copyName(entry, bytes, nameAt);
    nameAt += entries.nameLength(entry);
  }
}
