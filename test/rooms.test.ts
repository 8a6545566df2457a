import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

/**
 * The way data flows is the way imports may go: each room with the rooms it may know. `src/README.md` says why.
 * Files at the top of src (errors.ts, machine.ts, index.ts) are rooms of their own.
 */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "machine.ts": ["errors.ts"],
  memory: [],
  waiting: [],
  disk: ["errors.ts"],
  scratch: ["errors.ts"],
  output: ["errors.ts", "machine.ts", "disk", "scratch"],
  tree: ["errors.ts", "output"],
  ext4: ["errors.ts", "output", "tree", "waiting"],
  verity: ["errors.ts", "output"],
  "ext4-reader": ["errors.ts", "output", "tree", "ext4", "waiting"],
  inflate: ["errors.ts", "memory"],
  oci: ["errors.ts"],
  http: ["errors.ts"],
  cache: ["errors.ts", "machine.ts", "oci", "disk", "scratch", "memory", "waiting"],
  signature: ["errors.ts", "oci"],
  registry: ["errors.ts", "machine.ts", "http", "oci", "cache", "memory"],
  source: ["errors.ts", "oci", "registry", "signature", "cache", "inflate", "memory", "waiting"],
  layer: ["errors.ts", "oci", "output", "tree", "inflate", "memory", "waiting"],
  profile: ["errors.ts", "output", "tree", "ext4-reader", "oci", "waiting"],
  convert: [
    "errors.ts",
    "machine.ts",
    "output",
    "tree",
    "ext4",
    "verity",
    "oci",
    "source",
    "layer",
    "profile",
    "memory",
    "waiting",
  ],
  dockerfile: ["errors.ts", "machine.ts", "convert", "oci"],
  // What lies above src is package.json, which has the version.
  cli: [
    "..",
    "errors.ts",
    "machine.ts",
    "convert",
    "dockerfile",
    "source",
    "layer",
    "cache",
    "ext4-reader",
    "waiting",
  ],
  "index.ts": ["errors.ts", "convert", "dockerfile", "source", "layer", "oci"],
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

function roomOf(path: string): string {
  return path.split("/")[0] ?? "";
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
