/** What the kernel must show of a tree on XFS. */
import { createHash } from "node:crypto";
import type { Directory, Inode, RegularFile, Timestamp, Xattr } from "../../../../src/tree/inode.ts";
import { MODE_TYPE } from "../../../../src/tree/mode.ts";
import type { Facts, KernelView } from "../../../support/kernel-view.ts";

/** What the files hold that have anything in them. */
const contentsOf = new WeakMap<Inode, Buffer>();

/** A file that holds that. */
export function holding(file: RegularFile, contents: Buffer): RegularFile {
  contentsOf.set(file, contents);
  return file;
}

/** What `Image.scattered` makes. */
export function scatteredContents(count: number): Buffer {
  const contents = Buffer.alloc(2 * count * 4096);
  for (let i = 0; i < count; i++) contents.write(`block ${i} of the file`, 2 * i * 4096);
  return contents;
}

/** What the kernel must show of the tree. */
export function expectedView(root: Directory): KernelView {
  const view: KernelView = new Map();
  const names = new Map<Inode, string[]>();
  const visit = (path: string, node: Inode): void => {
    view.set(path, factsOf(node));
    if (node.type !== "directory") names.set(node, [...(names.get(node) ?? []), path]);
    else for (const [name, child] of node.entries) visit(path === "." ? name : `${path}/${name}`, child);
  };
  visit(".", root);
  for (const paths of names.values()) {
    if (paths.length < 2) continue;
    const links = paths.sort().join(" ");
    for (const path of paths) Object.assign(view.get(path) ?? {}, { links });
  }
  return view;
}

function factsOf(node: Inode): Facts {
  const { mode, uid, gid, mtime, xattrs: attributed } = node.metadata;
  const facts: Facts = {
    mode: (MODE_TYPE[node.type] | mode).toString(8),
    owner: `${uid}:${gid}`,
    mtime: nearest(mtime),
  };
  if (node.type === "file") {
    facts.size = BigInt(node.size);
    facts.sha256 = createHash("sha256")
      .update(contentsOf.get(node) ?? "")
      .digest("hex");
  }
  if (node.type === "symlink") facts.target = node.target;
  if (node.type === "char" || node.type === "block")
    facts.rdev = BigInt((node.minor & 0xff) + (node.major << 8) + (node.minor >> 8) * 2 ** 20);
  // Of anything but files and directories the kernel shows no user attributes (xattr(7)).
  const shown = attributed.filter(
    ({ name: text }) => node.type === "file" || node.type === "directory" || !text.startsWith("user."),
  );
  if (shown.length > 0) facts.xattrs = shown.map(attributeLine).sort().join(" ");
  return facts;
}

function attributeLine({ name: text, value }: Xattr): string {
  return `${text.replace(/[\\=\n\r]/g, octal)}=0x${Buffer.from(value).toString("hex")}`;
}

/** As getfattr writes what would confuse the reader of its lines. */
function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

/** What XFS can hold of a time, in nanoseconds. */
function nearest({ seconds, nanoseconds }: Timestamp): bigint {
  const held = Math.min(Math.max(seconds, -(2 ** 31)), 16_299_260_424);
  return BigInt(held) * 1_000_000_000n + BigInt(nanoseconds);
}
