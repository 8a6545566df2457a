/** What the reader shows of an image in the terms of what the kernel shows. */
import { createHash } from "node:crypto";
import {
  modeOf,
  type ReadableFilesystem,
  type TypedInode,
} from "../../../src/filesystem/reading/filesystem.ts";
import { pathOf, walk } from "../../../src/filesystem/reading/walk.ts";
import { unpaused } from "../../../src/waiting/steps.ts";
import { attributeLine, type Facts, type KernelView } from "../../support/kernel-view.ts";

/** As `kernelView` of the mounted image. */
export function readerView(filesystem: ReadableFilesystem): KernelView {
  const view: KernelView = new Map([[".", factsOf(filesystem, filesystem.root)]]);
  const names = new Map<number, string[]>();
  for (const file of unpaused(walk(filesystem, filesystem.root, () => true))) {
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

function factsOf(filesystem: ReadableFilesystem, inode: TypedInode): Facts {
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
  // Of anything but files and directories the kernel shows no attributes of users.
  const hasUsers = inode.type === "file" || inode.type === "directory";
  const shown = filesystem.xattrs(inode).filter(({ name }) => hasUsers || !name.startsWith("user."));
  const xattrs = shown.map(attributeLine);
  if (xattrs.length > 0) facts.xattrs = xattrs.sort().join(" ");
  return facts;
}

/** All bytes of a file, holes as zeros. */
export function contentsOf(filesystem: ReadableFilesystem, file: TypedInode): Uint8Array {
  const bytes = new Uint8Array(file.size);
  for (const piece of unpaused(filesystem.read(file))) bytes.set(piece.bytes, piece.offset);
  return bytes;
}
