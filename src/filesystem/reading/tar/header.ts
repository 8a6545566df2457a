/** Headers as tar-stream writes them: POSIX.1-2017 pax, "ustar Interchange Format". */

import type { Headers as Header } from "tar-stream";
import { modeOf, type ReadableFilesystem } from "../filesystem.ts";
import { BEYOND_ASCII, fitsName, fitsTime, NAME_SIZE } from "./header-limits.ts";
import type { Member } from "./member.ts";

const TYPES = {
  file: "file",
  directory: "directory",
  symlink: "symlink",
  char: "character-device",
  block: "block-device",
  fifo: "fifo",
  link: "link",
} as const satisfies Record<Member["type"], Header["type"]>;

/** What a header can say of a member. The rest stands in an extended header before it. */
export function headerOf(filesystem: ReadableFilesystem, { path, type, target, inode }: Member): Header {
  const isDevice = type === "char" || type === "block";
  const { major, minor } = isDevice ? filesystem.device(inode) : { major: 0, minor: 0 };
  return {
    name: stoodInFor(path),
    type: TYPES[type],
    // With the type's bits, which do not come into the header: tar-stream puts another mode in place of 0.
    mode: modeOf(inode),
    uid: inode.uid,
    gid: inode.gid,
    size: type === "file" ? inode.size : 0,
    mtime: new Date(fitsTime(inode.mtime) ? inode.mtime.seconds * 1000 : 0),
    linkname: stoodInFor(target),
    uname: "",
    gname: "",
    devmajor: major,
    devminor: minor,
  };
}

/** The name, or something like it for a reader that does not know extended headers. */
function stoodInFor(name: string): string {
  return fitsName(name) ? name : name.replaceAll(new RegExp(BEYOND_ASCII, "g"), "_").slice(0, NAME_SIZE);
}
