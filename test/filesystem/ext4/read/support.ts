/** Images of other writers, and what the reader shows of an image in the terms of what the kernel shows. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ext4Filesystem, Ext4Inode } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { modeOf } from "../../../../src/filesystem/reading/filesystem.ts";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { pathOf } from "../../../../src/filesystem/reading/walk.ts";
import type { Facts, KernelView } from "../../../support/kernel-view.ts";
import { runOk } from "../../../support/oracles.ts";
import { openFilesystem, read, walk } from "./unpaused.ts";

/** Runs `body` with a new folder and removes that afterwards. */
export function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "ext4-reader-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `body` with the filesystem in a file. */
export function withFilesystem<T>(path: string, body: (filesystem: Ext4Filesystem) => T): T {
  const image = new ImageFile(path);
  try {
    return body(openFilesystem(image));
  } finally {
    image.close();
  }
}

/** Makes an image with mke2fs; `source` is copied into it. */
export function makeForeign(path: string, size: string, options: readonly string[], source?: string): void {
  writeFileSync(path, "");
  runOk("truncate", ["-s", size, path]);
  const copied = source === undefined ? [] : ["-d", source];
  runOk("mke2fs", ["-q", "-F", ...options, ...copied, path]);
}

/** A second without fractions: mke2fs -d copies no nanoseconds. */
const WHOLE_SECOND = 1_600_000_000;

/** Fills a folder with every kind of file that an image can be made of. */
export function fillSource(folder: string): void {
  mkdirSync(join(folder, "many"));
  mkdirSync(join(folder, "sub/deeper/deepest"), { recursive: true });
  mkdirSync(join(folder, "empty"));
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, "many", `entry-number-${i}`), `${i}`);
  writeFileSync(join(folder, "tiny"), "tiny");
  writeFileSync(join(folder, "small"), "s".repeat(130));
  writeFileSync(join(folder, "nothing"), "");
  writeFileSync(
    join(folder, "large"),
    Buffer.from({ length: 700_001 } as ArrayLike<number>).map((_, i) => i % 251),
  );
  const holes = openSync(join(folder, "holes"), "w");
  for (const at of [0, 50_000, 900_000, 6_000_000]) writeSync(holes, `at ${at}`, at);
  closeSync(holes);
  linkSync(join(folder, "tiny"), join(folder, "sub/deeper/another name"));
  symlinkSync("tiny", join(folder, "short-link"));
  symlinkSync("x".repeat(59), join(folder, "longest-in-inode"));
  symlinkSync("y".repeat(60), join(folder, "shortest-in-block"));
  symlinkSync("z/".repeat(400), join(folder, "long-link"));
  writeFileSync(Buffer.from(`${folder}/caf\xe9 \xff`, "latin1"), "bytes");
  for (const [name, ...numbers] of [
    ["fifo", "p"],
    ["null", "c", "1", "3"],
    ["disk", "b", "259", "70000"],
  ] as const) {
    runOk("mknod", [join(folder, name), ...numbers]);
  }
  chmodSync(join(folder, "small"), 0o4751);
  chmodSync(join(folder, "empty"), 0o1777);
  runOk("chown", ["70000:3000000000", join(folder, "large")]);
  runOk("setfattr", ["-n", "user.short", "-v", "value", join(folder, "tiny")]);
  runOk("setfattr", ["-n", "user.long", "-v", "v".repeat(700), join(folder, "large")]);
  runOk("setfattr", ["-n", "user.none", join(folder, "large")]);
  runOk("setfacl", ["-m", "u:1000:rw,g:70000:x", join(folder, "tiny")]);
  runOk("setfacl", ["-d", "-m", "u:1000:rwx", join(folder, "sub")]);
  settle(folder);
}

/** Gives everything whole seconds. */
function settle(folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: "buffer" });
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    lutimesSync(path, WHOLE_SECOND, WHOLE_SECOND);
  }
  lutimesSync(folder, WHOLE_SECOND, WHOLE_SECOND);
}

/** As `kernelView` of the mounted image. */
export function readerView(filesystem: Ext4Filesystem): KernelView {
  const view: KernelView = new Map([[".", factsOf(filesystem, filesystem.root)]]);
  const names = new Map<number, string[]>();
  for (const file of walk(filesystem)) {
    const { inode } = file;
    const path = pathOf(file);
    if (path === "lost+found" || path.startsWith("lost+found/")) continue;
    view.set(path, factsOf(filesystem, inode));
    if (inode.type !== "directory") names.set(inode.number, [...(names.get(inode.number) ?? []), path]);
  }
  for (const paths of names.values()) {
    if (paths.length < 2) continue;
    const links = paths.sort().join(" ");
    for (const path of paths) (view.get(path) as Facts).links = links;
  }
  return view;
}

function factsOf(filesystem: Ext4Filesystem, inode: Ext4Inode): Facts {
  const facts: Facts = {
    mode: modeOf(inode).toString(8),
    owner: `${inode.uid}:${inode.gid}`,
    mtime: BigInt(inode.mtime.seconds) * 1_000_000_000n + BigInt(inode.mtime.nanoseconds),
  };
  if (inode.type === "file") {
    facts.size = BigInt(inode.size);
    facts.sha256 = createHash("sha256").update(contentsOf(filesystem, inode)).digest("hex");
  }
  if (inode.type === "symlink") facts.target = filesystem.readlink(inode);
  if (inode.type === "char" || inode.type === "block") {
    const { major, minor } = filesystem.device(inode);
    facts.rdev = (BigInt(minor) & 0xffn) | (BigInt(major) << 8n) | ((BigInt(minor) >> 8n) << 20n);
  }
  const xattrs = filesystem.xattrs(inode).map(({ name, value }) => attributeText(name, value));
  if (xattrs.length > 0) facts.xattrs = xattrs.sort().join(" ");
  return facts;
}

/** As getfattr -e hex shows it. */
function attributeText(name: string, value: Uint8Array): string {
  return `${name}=0x${Buffer.from(value).toString("hex")}`;
}

/** All bytes of a file, holes as zeros. */
export function contentsOf(filesystem: Ext4Filesystem, file: Ext4Inode): Uint8Array {
  const bytes = new Uint8Array(file.size);
  for (const piece of read(filesystem, file)) bytes.set(piece.bytes, piece.offset);
  return bytes;
}
