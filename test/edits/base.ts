/** An image with everything in it that edits can stumble over. */
import { buildLayout } from "../support/layout-builder.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

export const PASSWD =
  "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\nhomeless:x:7:7:::/bin/sh\n";
export const GROUP = "root:x:0:\nstaff:x:50:app\n";
/** vfs_ns_cap_data of revision 2: cap_net_raw, effective. */
const CAP_NET_RAW = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

const directory = (path: string, mode = 0o755): TarItem => ({ path: `${path}/`, type: "directory", mode });
const link = (path: string, linkname: string): TarItem => ({ path, type: "symlink", linkname });

export const ITEMS: readonly TarItem[] = [
  directory("."),
  directory("etc"),
  { path: "etc/passwd", data: PASSWD },
  { path: "etc/group", data: GROUP },
  directory("usr"),
  directory("usr/lib", 0o711),
  { path: "usr/lib/a", data: "a in usr/lib" },
  link("lib", "usr/lib"),
  link("abs", "/usr"),
  link("up", "../../../../etc"),
  link("one", "two"),
  link("two", "one"),
  link("dangling", "/nowhere/at/all"),
  directory("a"),
  directory("a/b", 0o1775),
  { path: "a/b/a", data: "x".repeat(9000), mode: 0o6755, uid: 3 },
  { path: "a/c", type: "hardlink", linkname: "a/b/a" },
  link("a/l", "../lib/./../lib/a"),
  { path: "c", data: "c" },
  {
    path: "cap",
    data: "y".repeat(5000),
    mode: 0o755,
    pax: { "SCHILY.xattr.security.capability": CAP_NET_RAW },
  },
  {
    path: "acl",
    data: "acl",
    pax: { "SCHILY.acl.access": "user::rw-,user:7:r--,group::r-x,mask::r-x,other::r--" },
  },
  { path: "null", type: "char", major: 1, minor: 3, mode: 0o6666 },
  { path: "pipe", type: "fifo", mode: 0o644 },
];

export const CREATED = "2024-05-06T07:08:09Z";

export function buildBase(folder: string): string {
  buildLayout(folder, { layers: [tar([...ITEMS])], created: CREATED });
  return `oci:${folder}`;
}
