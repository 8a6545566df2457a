import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/**
 * The way data flows is the way imports may go: each room with the rooms it may know, all of which stand before it.
 * `src/README.md` says why. A room is a folder with all that is in it, but for folders and files that are rooms of their
 * own.
 */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "system-errors.ts": ["errors.ts"],
  "machine.ts": ["errors.ts"],
  "given.ts": ["errors.ts"],
  "format-bytes.ts": [],
  "printable.ts": [],
  "caller.ts": ["errors.ts"],
  memory: [],
  waiting: [],
  inflate: ["errors.ts", "memory"],
  disk: ["errors.ts", "waiting"],
  scratch: ["errors.ts", "disk"],
  blocks: ["errors.ts", "memory"],
  output: ["errors.ts", "system-errors.ts", "machine.ts", "disk", "scratch", "blocks", "memory"],
  tar: ["errors.ts", "memory"],
  tree: ["errors.ts", "blocks", "waiting"],
  "filesystem/kind": ["errors.ts", "blocks", "output", "tree", "waiting"],
  "filesystem/reading": ["errors.ts", "system-errors.ts", "disk", "tree", "waiting"],
  "filesystem/ext4/format": ["blocks"],
  "filesystem/ext4/write": [
    "errors.ts",
    "blocks",
    "tree",
    "waiting",
    "filesystem/kind",
    "filesystem/ext4/format",
  ],
  "filesystem/ext4/read": [
    "errors.ts",
    "blocks",
    "tree",
    "waiting",
    "filesystem/reading",
    "filesystem/ext4/format",
  ],
  "filesystem/ext4/kind.ts": [
    "errors.ts",
    "blocks",
    "output",
    "filesystem/kind",
    "filesystem/ext4/format",
    "filesystem/ext4/write",
  ],
  "filesystem/xfs/format": ["blocks"],
  "filesystem/erofs/format": ["blocks"],
  "filesystem/erofs/lz4": ["errors.ts"],
  "filesystem/erofs/write": [
    "errors.ts",
    "blocks",
    "memory",
    "output",
    "tree",
    "waiting",
    "filesystem/kind",
    "filesystem/erofs/format",
    "filesystem/erofs/lz4",
  ],
  "filesystem/erofs/kind.ts": [
    "errors.ts",
    "blocks",
    "filesystem/kind",
    "filesystem/erofs/format",
    "filesystem/erofs/lz4",
    "filesystem/erofs/write",
  ],
  "filesystem/xfs/write": [
    "errors.ts",
    "blocks",
    "tree",
    "waiting",
    "filesystem/kind",
    "filesystem/xfs/format",
  ],
  "filesystem/xfs/kind.ts": [
    "errors.ts",
    "blocks",
    "output",
    "filesystem/kind",
    "filesystem/xfs/format",
    "filesystem/xfs/write",
  ],
  "filesystem/kinds.ts": [
    "errors.ts",
    "filesystem/kind",
    "filesystem/ext4/kind.ts",
    "filesystem/erofs/kind.ts",
    "filesystem/xfs/kind.ts",
  ],
  "filesystem/erofs/read": [
    "errors.ts",
    "blocks",
    "tree",
    "waiting",
    "inflate",
    "filesystem/reading",
    "filesystem/erofs/format",
    "filesystem/erofs/lz4",
  ],
  "filesystem/xfs/read": [
    "errors.ts",
    "blocks",
    "tree",
    "waiting",
    "filesystem/reading",
    "filesystem/xfs/format",
  ],
  "filesystem/open.ts": [
    "blocks",
    "filesystem/reading",
    "filesystem/ext4/format",
    "filesystem/ext4/read",
    "filesystem/erofs/format",
    "filesystem/erofs/read",
    "filesystem/xfs/format",
    "filesystem/xfs/read",
  ],
  "filesystem/ext4/resize": [
    "errors.ts",
    "blocks",
    "waiting",
    "filesystem/ext4/format",
    "filesystem/ext4/read",
  ],
  "filesystem/packing.ts": ["filesystem/kind", "filesystem/erofs/write"],
  reader: ["errors.ts", "given.ts", "tree", "waiting", "filesystem/reading", "filesystem/open.ts"],
  verity: ["errors.ts", "blocks"],
  resize: [
    "errors.ts",
    "given.ts",
    "system-errors.ts",
    "scratch",
    "output",
    "waiting",
    "filesystem/reading",
    "filesystem/open.ts",
    "filesystem/ext4/format",
    "filesystem/ext4/read",
    "filesystem/ext4/resize",
    "verity",
  ],
  fat: ["errors.ts", "blocks"],
  oci: ["errors.ts"],
  http: ["errors.ts", "waiting"],
  cache: [
    "errors.ts",
    "given.ts",
    "system-errors.ts",
    "machine.ts",
    "oci",
    "disk",
    "scratch",
    "memory",
    "waiting",
  ],
  signature: ["errors.ts", "system-errors.ts", "oci"],
  engine: ["errors.ts", "system-errors.ts", "machine.ts", "http", "oci"],
  bolt: ["errors.ts"],
  registry: ["errors.ts", "system-errors.ts", "machine.ts", "http", "oci", "cache", "memory"],
  referrer: ["errors.ts", "oci", "signature", "registry"],
  // What lies above src is package.json, which has the version.
  artifact: [
    "..",
    "errors.ts",
    "given.ts",
    "system-errors.ts",
    "caller.ts",
    "machine.ts",
    "disk",
    "oci",
    "output",
    "signature",
    "registry",
    "referrer",
    "waiting",
  ],
  source: [
    "errors.ts",
    "given.ts",
    "system-errors.ts",
    "machine.ts",
    "disk",
    "oci",
    "http",
    "engine",
    "bolt",
    "registry",
    "signature",
    "cache",
    "tar",
    "inflate",
    "memory",
    "waiting",
  ],
  layer: ["errors.ts", "oci", "blocks", "filesystem/kind", "tree", "tar", "inflate", "memory", "waiting"],
  rootfs: [
    "errors.ts",
    "filesystem/reading",
    "filesystem/open.ts",
    "oci",
    "source",
    "layer",
    "tree",
    "memory",
    "waiting",
  ],
  guest: ["errors.ts"],
  initramfs: [],
  kernel: ["errors.ts", "blocks", "inflate", "filesystem/erofs/lz4", "tar", "source", "guest", "initramfs"],
  launch: ["errors.ts", "blocks"],
  profile: [
    "errors.ts",
    "given.ts",
    "guest",
    "initramfs",
    "tree",
    "filesystem/reading",
    "filesystem/ext4/read",
    "fat",
    "oci",
    "output",
    "waiting",
  ],
  edits: [
    "errors.ts",
    "system-errors.ts",
    "blocks",
    "filesystem/kind",
    "source",
    "layer",
    "rootfs",
    "profile",
    "tree",
    "waiting",
  ],
  convert: [
    // What lies above src is package.json, which has the version.
    "..",
    "errors.ts",
    "given.ts",
    "caller.ts",
    "machine.ts",
    "blocks",
    "output",
    "tree",
    "filesystem/kind",
    "filesystem/kinds.ts",
    "filesystem/packing.ts",
    "verity",
    "oci",
    "cache",
    "registry",
    "artifact",
    "source",
    "layer",
    "rootfs",
    "profile",
    "edits",
    "launch",
    "memory",
    "waiting",
  ],
  boot: [
    "errors.ts",
    "system-errors.ts",
    "filesystem/kind",
    "filesystem/reading",
    "filesystem/open.ts",
    "reader",
    "verity",
    "kernel",
    "launch",
    "convert",
  ],
  dockerfile: ["errors.ts", "given.ts", "caller.ts", "machine.ts", "convert", "source", "oci"],
  "report/facts": ["tree", "waiting", "filesystem/reading"],
  "report/text": ["format-bytes.ts", "printable.ts", "report/facts"],
  "report/treemap": [],
  "report/svg": ["format-bytes.ts", "printable.ts", "report/treemap"],
  "report/page": ["format-bytes.ts", "printable.ts", "report/facts", "report/treemap"],
  "report/page/browser": ["format-bytes.ts", "printable.ts", "report/facts", "report/treemap", "report/page"],
  report: [
    "given.ts",
    "memory",
    "layer",
    "oci",
    "rootfs",
    "source",
    "tree",
    "waiting",
    "convert",
    "filesystem/reading",
    "filesystem/open.ts",
    "report/facts",
    "report/treemap",
    "report/page",
  ],
  "bundle/runtime": ["errors.ts", "oci", "profile"],
  "bundle/validate": ["oci"],
  bundle: [
    "errors.ts",
    "given.ts",
    "system-errors.ts",
    "machine.ts",
    "output",
    "tree",
    "filesystem/reading",
    "filesystem/open.ts",
    "oci",
    "source",
    "layer",
    "profile",
    "rootfs",
    "edits",
    "convert",
    "waiting",
    "bundle/runtime",
    "bundle/validate",
  ],
  cli: [
    "..",
    "errors.ts",
    "system-errors.ts",
    "machine.ts",
    "edits",
    "convert",
    "dockerfile",
    "bundle",
    "source",
    "layer",
    "cache",
    "output",
    "kernel",
    "launch",
    "boot",
    "report",
    "report/text",
    "report/treemap",
    "report/svg",
    "report/page",
    "format-bytes.ts",
    "printable.ts",
    "referrer",
    "artifact",
    "registry",
    "filesystem/kind",
    "filesystem/reading",
    "filesystem/open.ts",
    "resize",
    "tree",
    "waiting",
  ],
  schema: [
    "artifact",
    "bundle",
    "cli",
    "convert",
    "dockerfile",
    "filesystem/reading",
    "referrer",
    "report/facts",
  ],
  "index.ts": [
    "errors.ts",
    "blocks",
    "output",
    "tree",
    "filesystem/kind",
    "filesystem/reading",
    "filesystem/ext4/read",
    "filesystem/erofs/read",
    "filesystem/xfs/read",
    "filesystem/open.ts",
    "reader",
    "resize",
    "http",
    "oci",
    "cache",
    "signature",
    "registry",
    "referrer",
    "artifact",
    "source",
    "layer",
    "launch",
    "profile",
    "edits",
    "convert",
    "report",
    "report/facts",
    "dockerfile",
    "bundle/runtime",
    "bundle/validate",
    "bundle",
  ],
  // Makes what is shipped: nothing of the program knows it, and it is in no package.
  release: ["..", "errors.ts", "oci", "output", "source", "layer", "reader", "convert", "cli"],
};

const SRC = join(import.meta.dir, "../src");

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );
  return specifiers.map((specifier) => normalize(join(dirname(file), specifier)));
}

/** The innermost room that the file is in; what is outside of src is ".." */
function roomOf(path: string): string {
  const parts = path.split("/");
  for (let depth = parts.length; depth > 0; depth--) {
    const room = parts.slice(0, depth).join("/");
    if (Object.hasOwn(MAY_KNOW, room)) return room;
  }
  return parts[0] ?? "";
}

test("every room imports only from the rooms it may know", () => {
  const trespasses = sourceFiles().flatMap((file) => {
    const room = roomOf(file);
    const allowed = [room, ...(MAY_KNOW[room] ?? [])];
    return importsOf(file)
      .filter((target) => !allowed.includes(roomOf(target)))
      .map((target) => `${file} imports ${relative(".", target)}`);
  });
  expect(trespasses).toEqual([]);
});

test("every room is in the table", () => {
  expect([...new Set(sourceFiles().map(roomOf))].sort()).toEqual(Object.keys(MAY_KNOW).sort());
});

test("no room knows one that stands after it", () => {
  const rooms = Object.keys(MAY_KNOW);
  const wrong = Object.entries(MAY_KNOW).flatMap(([room, known], place) =>
    known
      .filter((other) => other !== ".." && rooms.indexOf(other) >= place)
      .map((other) => `${room}: ${other}`),
  );
  expect(wrong).toEqual([]);
});

test("no files import one another in a circle", () => {
  expect(circlesIn(new Map(sourceFiles().map((file) => [file, importsOf(file)])))).toEqual([]);
});

test("a circle is found, and its files are named", () => {
  const files = new Map([
    ["a", ["b", "outside"]],
    ["b", ["c"]],
    ["c", ["b", "d"]],
    ["d", ["d"]],
    ["e", ["a", "f"]],
    ["f", ["g"]],
    ["g", ["e"]],
  ]);
  expect(circlesIn(files)).toEqual([["b", "c"], ["d"], ["e", "f", "g"]]);
});

/** The strongly connected components that are more than one file on its own (Tarjan's algorithm). */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const earliest = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    order.set(file, order.size);
    let least = order.size - 1;
    open.push(file);
    const targets = (imports.get(file) ?? []).filter((target) => imports.has(target));
    for (const target of targets) {
      if (!order.has(target)) least = Math.min(least, visit(target));
      else if (open.includes(target)) least = Math.min(least, earliest.get(target) ?? order.get(target) ?? 0);
    }
    earliest.set(file, least);
    if (least !== order.get(file)) return least;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1 || targets.includes(file)) circles.push(circle.sort());
    return least;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles.sort();
}
