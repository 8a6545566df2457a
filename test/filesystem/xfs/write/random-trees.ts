/** Random trees, and what xfs_repair and the kernel must say of the images made of them. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import fc from "fast-check";
import type { SizeChoice } from "../../../../src/filesystem/kind/size.ts";
import type { Directory, Inode, Metadata } from "../../../../src/tree/inode.ts";
import type { RandomCases } from "../../../support/random-cases.ts";
import {
  device,
  directoryOf,
  emptyFile,
  fixed,
  MIB,
  metadata,
  special,
  symlink,
  xattr,
} from "../../ext4/write/images.ts";
import { holding, scatteredContents } from "./expected-view.ts";
import { type Image, withImage } from "./images.ts";
import { expectAsItIs } from "./mounting.ts";

/** Makes an inode: contents can only be written once there is an image. */
type Make = (image: Image, metadata: Metadata) => Inode;

const bytes = (maximum: number) =>
  fc.uint8Array({ minLength: 1, maxLength: maximum }).map((array) => Buffer.from(array).toString("latin1"));
const name = fc
  .oneof({ weight: 5, arbitrary: bytes(12) }, { weight: 1, arbitrary: bytes(255) })
  .map((text) => text.replace(/[/\0]/g, "_"))
  .filter((text) => text !== "." && text !== ".." && text !== "lost+found");
const time = fc.record({
  seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 35 }),
  nanoseconds: fc.nat(999_999_999),
});
/** Most short, some at the borders between forms, a few large. */
const valueLength = fc.oneof(
  { weight: 8, arbitrary: fc.nat(60) },
  { weight: 3, arbitrary: fc.integer({ min: 200, max: 340 }) },
  { weight: 2, arbitrary: fc.integer({ min: 3000, max: 4200 }) },
  { weight: 1, arbitrary: fc.nat(65_536) },
);
const xattrs = fc
  .uniqueArray(
    fc.record({
      prefix: fc.constantFrom("user.", "trusted.", "security."),
      rest: fc.oneof(bytes(20), bytes(200)).map((text) => text.replace(/\0/g, "_")),
      length: valueLength,
    }),
    { maxLength: 12, selector: ({ prefix, rest }) => prefix + rest },
  )
  .map((list) =>
    list.map(({ prefix, rest, length }) => xattr(prefix + rest, Buffer.alloc(length, `${length} bytes `))),
  );
const attributes = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.nat(2 ** 32 - 2),
  gid: fc.nat(2 ** 32 - 2),
  mtime: time,
  atime: time,
  ctime: time,
  xattrs: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: xattrs }),
});

const scattered = fc.oneof({ weight: 4, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.nat(600) });

const leaf: fc.Arbitrary<Make> = fc.oneof(
  fc.nat(20_000).map(
    (size): Make =>
      (image, meta) =>
        holding(image.file(Buffer.alloc(size, "x"), meta), Buffer.alloc(size, "x")),
  ),
  scattered.map(
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
  fc.oneof(bytes(200), bytes(1023)).map(
    (target): Make =>
      (_, meta) =>
        symlink(target.replace(/\0/g, "_"), meta),
  ),
  fc.tuple(fc.nat(511), fc.nat(262_143)).map(
    ([major, minor]): Make =>
      (_, meta) => ({ ...device("char", major, minor), metadata: meta }),
  ),
  fc.constantFrom("fifo" as const, "socket" as const).map(
    (type): Make =>
      (_, meta) => ({ ...special(type), metadata: meta }),
  ),
);

interface Tree {
  readonly attributes: Metadata;
  readonly make?: Make;
  readonly entries?: readonly (readonly [string, Tree])[];
  /** So many empty files beside the entries. */
  readonly fill?: number;
}

const fill = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(1200) });

const { tree } = fc.letrec<{ tree: Tree; folder: Tree; file: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("file"), tie("folder")),
  file: fc.record({ attributes, make: leaf }),
  folder: fc.record({
    attributes,
    fill,
    entries: fc.uniqueArray(fc.tuple(name, tie("tree")), { maxLength: 40, selector: ([text]) => text }),
  }),
}));

function build(image: Image, { attributes: meta, make, entries, fill: files = 0 }: Tree): Inode {
  if (make !== undefined) return make(image, metadata(meta));
  const made = new Map((entries ?? []).map(([text, child]) => [text, build(image, child)]));
  for (let i = 0; i < files; i++) made.set(`one of many files, ${i}`, emptyFile());
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

/** A digest of an image, read in parts. */
function digestOf(path: string): string {
  const hash = createHash("sha256");
  const part = Buffer.alloc(2 ** 22);
  const fd = openSync(path, "r");
  for (let read = readSync(fd, part); read > 0; read = readSync(fd, part))
    hash.update(part.subarray(0, read));
  closeSync(fd);
  return hash.digest("hex");
}

/** Plans and writes an image of the tree, hands it over, and returns its digest. */
function make(
  { entries, rootAttributes, links, blocks, readOnly }: Case,
  check: (image: Image, root: Directory) => void,
): string {
  return withImage((image) => {
    const root = directoryOf(
      new Map(entries.map(([text, child]) => [text, build(image, child)])),
      rootAttributes,
    );
    addLinks(root, links);
    const size: SizeChoice = blocks === undefined ? { kind: "auto" } : fixed(blocks);
    image.finish(root, { size, readOnly, uuid: UUID });
    const digest = digestOf(image.path);
    check(image, root);
    return digest;
  });
}

/** One for all: they are mounted one after the other. */
const UUID = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 ^ i ^ process.pid);

const cases = fc.record({
  entries: fc.uniqueArray(fc.tuple(name, tree), { maxLength: 60, selector: ([text]) => text }),
  rootAttributes: attributes,
  links: fc.nat(5),
  blocks: fc.option(fc.integer({ min: 60 * MIB, max: 300 * MIB }), { nil: undefined }),
  readOnly: fc.boolean(),
});
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * Draws trees. Of each, of any size: xfs_repair and xfs_db have nothing to say, the kernel shows it as it was,
 * and the bytes are the same again.
 */
export function checkRandomTrees(runs: RandomCases): void {
  fc.assert(
    fc.property(cases, (drawn) => {
      const first = make(drawn, (image, root) => {
        expectAsItIs(image.path, root);
      });
      expect(make(drawn, () => undefined)).toBe(first);
    }),
    runs,
  );
}
