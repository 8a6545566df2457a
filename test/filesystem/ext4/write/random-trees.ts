/** Random trees, and what e2fsck and the kernel must say of the images made of them. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import fc from "fast-check";
import type { SizeChoice } from "../../../../src/filesystem/kind/size.ts";
import type { Directory, Inode, Metadata, RegularFile, Timestamp } from "../../../../src/tree/inode.ts";
import { MODE_TYPE } from "../../../../src/tree/mode.ts";
import {
  attributeLine,
  differences,
  type Facts,
  type KernelView,
  kernelView,
} from "../../../support/kernel-view.ts";
import type { RandomCases } from "../../../support/random-cases.ts";
import {
  device,
  directoryOf,
  emptyFile,
  fixed,
  type Image,
  MIB,
  metadata,
  special,
  symlink,
  withImage,
  xattr,
} from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

/** What trees are made of: an image of any kind takes contents. */
export interface TreeImage {
  file(bytes: Uint8Array | string, changes?: Partial<Metadata>): RegularFile;
  scattered(count: number, changes?: Partial<Metadata>): RegularFile;
}

/** Makes an inode: contents can only be written once there is an image. */
type Make = (image: TreeImage, metadata: Metadata) => Inode;

const bytes = (maximum: number) =>
  fc.uint8Array({ minLength: 1, maxLength: maximum }).map((array) => Buffer.from(array).toString("latin1"));
const name = fc
  .oneof({ weight: 5, arbitrary: bytes(12) }, { weight: 1, arbitrary: bytes(255) })
  .map((text) => text.replace(/[/\0]/g, "_"))
  .filter((text) => text !== "." && text !== ".." && text !== "lost+found");
/** e2fsck takes the years 2310 to 2378 for times before 1970 as an old kernel wrote them, and says so. */
const SUSPECTED = { from: 5 * 2 ** 31, to: 6 * 2 ** 31 };
const time = fc.record({
  seconds: fc
    .integer({ min: -(2 ** 33), max: 2 ** 35 })
    .filter((seconds) => seconds < SUSPECTED.from || seconds >= SUSPECTED.to),
  nanoseconds: fc.nat(999_999_999),
});
const xattrs = fc
  .uniqueArray(
    fc.record({
      prefix: fc.constantFrom("user.", "trusted.", "security."),
      rest: bytes(20).map((text) => text.replace(/\0/g, "_")),
      value: fc.uint8Array({ maxLength: 150 }),
    }),
    { maxLength: 4, selector: ({ prefix, rest }) => prefix + rest },
  )
  .map((list) => list.map(({ prefix, rest, value }) => xattr(prefix + rest, value)));
const attributes = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.nat(2 ** 32 - 2),
  gid: fc.nat(2 ** 32 - 2),
  mtime: time,
  atime: time,
  ctime: time,
  xattrs: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: xattrs }),
});

/** What the files hold that have anything in them. */
const contentsOf = new WeakMap<Inode, Buffer>();

/** The file, and what `expectedView` is to say of its contents. */
export function holding(file: RegularFile, contents: Buffer): RegularFile {
  contentsOf.set(file, contents);
  return file;
}

function scatteredContents(count: number): Buffer {
  const contents = Buffer.alloc(2 * count * 4096);
  for (let i = 0; i < count; i++) contents.write(`block ${i} of the file`, 2 * i * 4096);
  return contents;
}

const leaf: fc.Arbitrary<Make> = fc.oneof(
  fc.nat(20_000).map(
    (size): Make =>
      (image, meta) =>
        holding(image.file(Buffer.alloc(size, "x"), meta), Buffer.alloc(size, "x")),
  ),
  fc.nat(12).map(
    (count): Make =>
      (image, meta) =>
        holding(image.scattered(count, meta), scatteredContents(count)),
  ),
  fc.nat(9000).map(
    (size): Make =>
      (image, meta) => {
        image.file(Buffer.alloc(size, "stale"));
        return emptyFile(meta);
      },
  ),
  bytes(200).map(
    (target): Make =>
      (_, meta) =>
        symlink(target.replace(/\0/g, "_"), meta),
  ),
  fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map(
    ([major, minor]): Make =>
      () =>
        device("char", major, minor),
  ),
  fc.constantFrom("fifo" as const, "socket" as const).map(
    (type): Make =>
      () =>
        special(type),
  ),
);

interface Tree {
  readonly attributes: Metadata;
  readonly make?: Make;
  readonly entries?: readonly (readonly [string, Tree])[];
}

const { tree } = fc.letrec<{ tree: Tree; folder: Tree; file: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("file"), tie("folder")),
  file: fc.record({ attributes, make: leaf }),
  folder: fc.record({
    attributes,
    entries: fc.uniqueArray(fc.tuple(name, tie("tree")), { maxLength: 40, selector: ([text]) => text }),
  }),
}));

function build(image: TreeImage, { attributes: meta, make, entries }: Tree): Inode {
  if (make !== undefined) return make(image, metadata(meta));
  const made = new Map((entries ?? []).map(([text, child]) => [text, build(image, child)]));
  return directoryOf(made, meta);
}

/** Gives some files of the tree a second name in its root. */
function addLinks(root: Directory, count: number): void {
  const files: Inode[] = [];
  const visit = (node: Inode): void => {
    if (node.type !== "directory") files.push(node);
    else for (const child of node.entries.values()) visit(child);
  };
  visit(root);
  for (const [i, file] of files.slice(0, count).entries()) root.entries.set(`second name ${i}`, file);
}

/** The first 8 MiB of an image: all that a small tree makes but for backups. */
function head(path: string): Buffer {
  const bytes = Buffer.alloc(2 ** 23);
  const fd = openSync(path, "r");
  readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  return bytes;
}

/** The tree in an image, some of its files with a second name. */
export function grow(image: TreeImage, { entries, rootAttributes, links }: TreeCase): Directory {
  const root = directoryOf(
    new Map(entries.map(([text, child]) => [text, build(image, child)])),
    rootAttributes,
  );
  addLinks(root, links);
  return root;
}

/** What the kernel must show of the tree; `held` is what the filesystem can hold of a time, in nanoseconds. */
export function expectedView(root: Directory, held: (time: Timestamp) => bigint): KernelView {
  const view: KernelView = new Map();
  const names = new Map<Inode, string[]>();
  const visit = (path: string, node: Inode): void => {
    view.set(path, factsOf(node, held(node.metadata.mtime)));
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

function factsOf(node: Inode, mtime: bigint): Facts {
  const { mode, uid, gid, xattrs: attributed } = node.metadata;
  const facts: Facts = {
    mode: (MODE_TYPE[node.type] | mode).toString(8),
    owner: `${uid}:${gid}`,
    mtime,
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

/** What ext4 can hold of a time, in nanoseconds. */
function nearest({ seconds, nanoseconds }: Timestamp): bigint {
  const held = Math.min(Math.max(seconds, -(2 ** 31)), 2 ** 34 - 2 ** 31 - 1);
  return BigInt(held) * 1_000_000_000n + BigInt(nanoseconds);
}

/** Plans and writes an image of the tree and hands over the image. */
function make(drawn: Case, check: (image: Image, root: Directory) => void): Buffer {
  const { blocks, rescue, format } = drawn;
  return withImage(
    (image) => {
      const root = grow(image, drawn);
      const size: SizeChoice = blocks === undefined ? { kind: "auto" } : fixed(blocks);
      image.finish(root, { size, lostAndFound: rescue });
      check(image, root);
      return head(image.path);
    },
    undefined,
    format,
  );
}

const treeCase = {
  entries: fc.uniqueArray(fc.tuple(name, tree), { maxLength: 60, selector: ([text]) => text }),
  rootAttributes: attributes,
  links: fc.nat(5),
};
/** What `grow` makes a tree of. */
export const treeCases = fc.record(treeCase);
type TreeCase = typeof treeCases extends fc.Arbitrary<infer Value> ? Value : never;

const cases = fc.record({
  ...treeCase,
  blocks: fc.option(fc.integer({ min: 40 * MIB, max: 300 * MIB }), { nil: undefined }),
  rescue: fc.boolean(),
  format: fc.constantFrom("ext4" as const, "ext4" as const, "ext3" as const, "ext2" as const),
});
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * Draws trees. Of each, as ext4, ext3 or ext2 and of any size: e2fsck has nothing to say, the kernel shows it as
 * it was, and the bytes are the same again.
 */
export function checkRandomTrees(runs: RandomCases): void {
  fc.assert(
    fc.property(cases, (drawn) => {
      const first = make(drawn, (image, root) => {
        expectSilentCheck(image.path);
        withMount(
          image.path,
          "ro",
          (mountPoint) =>
            expect(differences(kernelView(mountPoint), expectedView(root, nearest))).toEqual([]),
          drawn.format,
        );
      });
      expect(first.equals(make(drawn, () => undefined))).toBe(true);
    }),
    runs,
  );
}
