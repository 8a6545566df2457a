/** Headers as tar-stream writes them: POSIX.1-2017 pax, "ustar Interchange Format". */

import type { Headers as Header } from "tar-stream";
import type { Timestamp } from "../../../tree/inode.ts";
import { modeOf, type ReadableFilesystem } from "../filesystem.ts";
import type { Member } from "./member.ts";

/** tar-stream gives six octal digits to a user, a group and each half of a device number. */
const MAXIMUM_ID = 0o777777;
export const MAXIMUM_DEVICE_NUMBER = MAXIMUM_ID;
/** Eleven octal digits. What is beyond them tar-stream writes in base 256, which is GNU's alone. */
const MAXIMUM_SIZE = 0o77777777777;
/** tar-stream takes seconds for a signed 32-bit number, and octal digits have no sign. */
const MAXIMUM_SECONDS = 2 ** 31 - 1;
const NAME_SIZE = 100;
const BEYOND_ASCII = /[\x80-\xff]/;

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

/** Whether a header holds the name as it is. tar-stream would take bytes beyond ASCII for characters. */
export function fitsName(name: string): boolean {
  return name.length <= NAME_SIZE && !BEYOND_ASCII.test(name);
}

export function fitsId(id: number): boolean {
  return id <= MAXIMUM_ID;
}

export function fitsSize(size: number): boolean {
  return size <= MAXIMUM_SIZE;
}

export function fitsTime({ seconds, nanoseconds }: Timestamp): boolean {
  return nanoseconds === 0 && seconds >= 0 && seconds <= MAXIMUM_SECONDS;
}

/** The name, or something like it for a reader that does not know extended headers. */
function stoodInFor(name: string): string {
  return fitsName(name) ? name : name.replaceAll(new RegExp(BEYOND_ASCII, "g"), "_").slice(0, NAME_SIZE);
}
