import { expect } from "bun:test";
import { closeSync, openSync, readSync } from "node:fs";
import fc from "fast-check";
import type { Directory, Inode, Metadata } from "../../src/tree/inode.ts";
import { testWith } from "../support/oracles.ts";
import {
  device,
  directoryOf,
  emptyFile,
  type Image,
  MIB,
  metadata,
  special,
  symlink,
  withImage,
  xattr,
} from "./images.ts";
import { expectSilentCheck } from "./mounting.ts";

/** Makes an inode: contents can only be written once there is an image. */
type Make = (image: Image, metadata: Metadata) => Inode;

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

const leaf: fc.Arbitrary<Make> = fc.oneof(
  fc.nat(20_000).map(
    (size): Make =>
      (image, meta) =>
        image.file(Buffer.alloc(size, "x"), meta),
  ),
  fc.nat(12).map(
    (count): Make =>
      (image, meta) =>
        image.scattered(count, meta),
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

function build(image: Image, { attributes: meta, make, entries }: Tree): Inode {
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

testWith(
  ["e2fsck"],
  "whatever the tree, e2fsck has nothing to say, and the bytes are the same again",
  () => {
    const roots = fc.uniqueArray(fc.tuple(name, tree), { maxLength: 60, selector: ([text]) => text });
    const sizes = fc.option(fc.integer({ min: 40 * MIB, max: 300 * MIB }), { nil: undefined });
    fc.assert(
      fc.property(
        roots,
        attributes,
        fc.nat(5),
        sizes,
        fc.boolean(),
        (entries, rootAttributes, links, blocks, rescue) => {
          const once = (check: (path: string) => void): Buffer =>
            withImage((image) => {
              const root = directoryOf(
                new Map(entries.map(([text, child]) => [text, build(image, child)])),
                rootAttributes,
              );
              addLinks(root, links);
              image.finish(root, { blocks, lostAndFound: rescue });
              check(image.path);
              return head(image.path);
            });
          const first = once(expectSilentCheck);
          expect(first.equals(once(() => undefined))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  },
  120_000,
);
