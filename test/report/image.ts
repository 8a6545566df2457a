/** An image in which each thing is that a report tells of: layers that hide, duplicates, links, holes, rights, packages. */
import { buildLayout } from "../support/layout-builder.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

/** struct vfs_cap_data, revision 2: cap_net_raw, effective and permitted; cap_chown inheritable. */
const CAPABILITY = Buffer.from("0100000200200000010000000000000000000000", "hex").toString("latin1");

const DPKG_STATUS = `Package: base-files
Status: install ok installed
Installed-Size: 340
Architecture: amd64
Version: 12.4

Package: gone
Status: deinstall ok config-files
Installed-Size: 1
Version: 1
`;
const APK_INSTALLED =
  "C:Q1\nP:musl\nV:1.2.5-r10\nA:x86_64\nI:662122\n\nC:Q2\nP:busybox\nV:1.37.0\nI:817000\nF:bin\n\n";

/** A folder and a file in it, whose names would end a script, turn what follows around and ring. */
export const HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\u0007";

export const LONG_COMMAND = `COPY srv /srv # ${"as long as a command may be ".repeat(20)}`;

export const BASE: readonly TarItem[] = [
  { path: "usr/", type: "directory", mode: 0o755 },
  { path: "usr/bin/tool", data: Buffer.alloc(300_000, "tool"), mode: 0o755 },
  { path: "usr/bin/su", data: Buffer.alloc(5000, "su"), mode: 0o4755 },
  { path: "usr/bin/wall", data: "wall", mode: 0o2755, gid: 5 },
  {
    path: "usr/bin/ping",
    data: "ping",
    mode: 0o755,
    pax: { "SCHILY.xattr.security.capability": CAPABILITY },
  },
  { path: "usr/share/same-1", data: Buffer.alloc(20_000, "same") },
  { path: "usr/share/same-2", data: Buffer.alloc(20_000, "same") },
  { path: "usr/share/same-3", data: Buffer.alloc(20_000, "same") },
  { path: "usr/share/first", data: Buffer.alloc(7000, "linked") },
  { path: "usr/share/link", type: "hardlink", linkname: "usr/share/first" },
  { path: "usr/share/symlink", type: "symlink", linkname: "first" },
  { path: "usr/share/fifo", type: "fifo" },
  { path: "opt/removed/a", data: Buffer.alloc(9000, "a") },
  { path: "opt/removed/b", data: Buffer.alloc(1000, "b") },
  { path: "opt/opaque/old", data: Buffer.alloc(800, "old") },
  { path: "opt/owned", data: Buffer.alloc(60_000, "owned") },
  { path: "opt/kept", data: Buffer.alloc(4000, "kept") },
  { path: "var/lib/dpkg/status", data: DPKG_STATUS },
  { path: "usr/lib/apk/db/installed", data: APK_INSTALLED },
  { path: "lib", type: "symlink", linkname: "usr/lib" },
  { path: "var/lib/rpm/rpmdb.sqlite", data: "SQLite" },
];

const ABOVE: readonly TarItem[] = [
  { path: "opt/.wh.removed" },
  { path: "opt/opaque/.wh..wh..opq" },
  { path: "opt/opaque/new", data: Buffer.alloc(500, "new") },
  { path: "opt/owned", data: Buffer.alloc(60_000, "owned"), uid: 7 },
  // One more name of a file below, whose first name goes.
  { path: "opt/again", type: "hardlink", linkname: "opt/kept" },
  { path: "opt/.wh.kept" },
  { path: `srv/${Buffer.from(HOSTILE).toString("latin1")}`, data: "hostile" },
];

const TOP: readonly TarItem[] = [
  {
    path: "srv/sparse",
    data: `2\n0\n512\n1048064\n512\n${"\0".repeat(512 - 20)}${"x".repeat(1024)}`,
    pax: {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "srv/sparse",
      "GNU.sparse.realsize": "1048576",
    },
  },
  { path: "opt/opaque/new", data: Buffer.alloc(700, "newer") },
];

/** Makes the image in a folder, as an OCI layout. */
export function reportedImage(folder: string): void {
  const history = [
    { created_by: "ADD base /" },
    { created_by: "ENV A=b", empty_layer: true },
    { created_by: "RUN chown -R app /opt && rm -r /opt/removed" },
    { created_by: LONG_COMMAND },
  ];
  buildLayout(folder, {
    layers: [tar(BASE), tar(ABOVE), tar(TOP)],
    history,
    created: "2026-01-02T03:04:05Z",
  });
}
