/** A tree of files as the kernel shows it, of a mounted image or any folder, so that two can be compared. */
import { createHash } from "node:crypto";
import {
  type BigIntStats,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Xattr } from "../../src/tree/inode.ts";
import { runOk } from "./oracles.ts";
import { unmountImage } from "./unmount-image.ts";

/** What the kernel says of one path; keys that do not apply to its type are absent. */
export interface Facts {
  /** st_mode, octal: type and permissions. */
  mode: string;
  owner: string;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  size?: bigint;
  sha256?: string;
  target?: string;
  rdev?: bigint;
  /** The paths that share the inode, where more than one does. */
  links?: string;
  xattrs?: string;
}

/** Facts by path below the folder, names as bytes (latin1); the folder itself is ".". */
export type KernelView = Map<string, Facts>;

/**
 * Mounts an image (root and loop devices needed), hands over the folder, and unmounts whatever happens. The kernel
 * refuses an XFS whose UUID is mounted already, and the same image has the same UUID in whoever's test.
 */
export function withMounted<Result>(
  image: string,
  options: string,
  use: (folder: string) => Result,
  type = /\.(erofs|xfs)$/.exec(image)?.[1] ?? "ext4",
): Result {
  const folder = mkdtempSync(join(tmpdir(), "mounted-"));
  runOk("mount", ["-t", type, "-o", `loop,${options}${type === "xfs" ? ",nouuid" : ""}`, image, folder]);
  try {
    return use(folder);
  } finally {
    unmountImage(image, folder);
    rmdirSync(folder);
  }
}

/** lost+found is ext4's own and left out. */
export function kernelView(folder: string): KernelView {
  const view: KernelView = new Map();
  const inodes = new Map<bigint, string[]>();
  const xattrs = readXattrs(folder);
  const work = ["."];
  for (let path = work.pop(); path !== undefined; path = work.pop()) {
    const full = Buffer.from(`${folder}/${path}`, "latin1");
    const stats = lstatSync(full, { bigint: true });
    view.set(path, factsOf(full, stats, xattrs.get(path)));
    if (stats.isDirectory()) work.push(...childrenOf(full, path));
    else inodes.set(stats.ino, [...(inodes.get(stats.ino) ?? []), path]);
  }
  for (const paths of inodes.values()) {
    if (paths.length < 2) continue;
    const links = paths.sort().join(" ");
    for (const path of paths) (view.get(path) as Facts).links = links;
  }
  return view;
}

function childrenOf(folder: Buffer, path: string): string[] {
  const names = readdirSync(folder, { encoding: "buffer" }).map((name) => name.toString("latin1"));
  return path === "."
    ? names.filter((name) => name !== "lost+found")
    : names.map((name) => `${path}/${name}`);
}

function factsOf(path: Buffer, stats: BigIntStats, xattrs: string | undefined): Facts {
  const facts: Facts = {
    mode: stats.mode.toString(8),
    owner: `${stats.uid}:${stats.gid}`,
    mtime: stats.mtimeNs,
  };
  if (stats.isFile()) {
    facts.size = stats.size;
    facts.sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  }
  if (stats.isSymbolicLink()) facts.target = readlinkSync(path, { encoding: "buffer" }).toString("latin1");
  if (stats.isCharacterDevice() || stats.isBlockDevice()) facts.rdev = stats.rdev;
  if (xattrs !== undefined) facts.xattrs = xattrs;
  return facts;
}

/**
 * Labels that the running system's own security module adds are not the image's, and access control lists on XFS are
 * shown to root a second time, as they are kept.
 */
function readXattrs(folder: string): Map<string, string> {
  const args = ["-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "."];
  const found = new Map<string, string>();
  for (const block of runOk("getfattr", args, { cwd: folder, encoding: "latin1" }).split("\n\n")) {
    const [head = "", ...lines] = block.split("\n").filter((line) => line !== "");
    const own = lines.filter((line) => !/^(security\.selinux|trusted\.SGI_ACL_)/.test(line));
    if (own.length > 0) found.set(unescapeName(head.replace(/^# file: /, "")), own.sort().join(" "));
  }
  return found;
}

function unescapeName(name: string): string {
  return name.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** An attribute as getfattr -e hex shows it, who writes otherwise what would confuse the reader of its lines. */
export function attributeLine({ name, value }: Xattr): string {
  return `${name.replace(/[\\=\n\r]/g, octal)}=0x${Buffer.from(value).toString("hex")}`;
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

/** What differs, a line for each path; empty if nothing does. `ignore` drops facts that are not to be compared. */
export function differences(
  got: KernelView,
  want: KernelView,
  ignore: readonly (keyof Facts)[] = [],
): string[] {
  const lines: string[] = [];
  for (const path of [...new Set([...got.keys(), ...want.keys()])].sort()) {
    const [g, w] = [got.get(path), want.get(path)];
    if (g === undefined) lines.push(`${path} is missing`);
    else if (w === undefined) lines.push(`${path} should not be there`);
    else lines.push(...factDifferences(path, g, w, ignore));
  }
  return lines;
}

function factDifferences(path: string, got: Facts, want: Facts, ignore: readonly (keyof Facts)[]): string[] {
  const keys = [...new Set([...Object.keys(got), ...Object.keys(want)])] as (keyof Facts)[];
  return keys
    .filter((key) => !ignore.includes(key) && got[key] !== want[key])
    .map((key) => `${path}: ${key} is ${got[key]}, should be ${want[key]}`);
}
