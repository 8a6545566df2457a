/**
 * `npm run bundle`, a part of the build: writes the program and the library into dist, in as few files as programs can do
 * with. A bundler by itself cuts the code at every `import()`: so finely that half of a conversion's start was reading
 * files. Here it is cut by what is started.
 */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { REPOSITORY } from "./place.ts";

const repository = realpathSync(REPOSITORY);

const ENTRIES = [
  "src/index.ts",
  "src/cli/main.ts",
  "src/cli/oci2gondolin.ts",
  "src/cli/dockerfile2gondolin.ts",
  "src/cli/oci-to-virtio.ts",
  "src/convert/workers/worker.ts",
];

/**
 * What is started, with the modules that it begins in: all that these import without `import()` is read anyway, so it
 * stands in one file.
 */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  start: ["src/cli/start.ts"],
  thread: ["src/convert/workers/worker.ts"],
  program: ["src/cli/process.ts"],
  convert: ["src/cli/convert-command.ts", "src/convert/convert.ts", "src/convert/kept-results.ts"],
  pull: ["src/source/registry-source.ts"],
  read: ["inspect", "ls", "cat", "extract", "verify"].map((command) => `src/cli/filesystem/${command}.ts`),
  ext4: ["src/filesystem/ext4/read/reader.ts"],
  erofs: ["src/filesystem/erofs/read/reader.ts"],
  xfs: ["src/filesystem/xfs/read/reader.ts"],
  cache: ["src/cli/cache-command.ts"],
  resize: ["src/cli/filesystem/resize.ts"],
};

/** The part of a bundler's knowledge of modules that is asked for here. */
interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

type Reached = readonly (readonly [name: string, modules: ReadonlySet<string>])[];

const idOf = (path: string): string => join(repository, path);

/** All modules that some import, themselves included; without those that `import()` would load. */
function reachedFrom(begin: Iterable<string>, graph: ModuleGraph): ReadonlySet<string> {
  const reached = new Set(begin);
  // A set hands out what is added to it meanwhile.
  for (const id of reached)
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) reached.add(imported);
  return reached;
}

function reachedByStarts(graph: ModuleGraph): Reached {
  return Object.entries(STARTS).map(([name, begin]) => {
    const ids = begin.map(idOf);
    const missing = ids.find((id) => graph.getModuleInfo(id) === null);
    if (missing !== undefined) throw new Error(`no module ${missing}: what starts there?`);
    return [name, reachedFrom(ids, graph)];
  });
}

let reached: Reached | undefined;

/** Starts that come with little, and soon: what they reach is in their own file, whoever else wants some of it. */
const SMALL: readonly string[] = ["start", "thread"];

/** What most programs are started for: they read nothing of what only others have in common. */
const MOST: readonly string[] = ["program", "convert"];

/**
 * The file of a module: that of the start which reaches it, or a common one of several: of a conversion and others, or of
 * others. No two files need one another: what a module imports is reached by as many starts or more. Undefined for
 * entries, which are files of their own, and where no start comes: that is cut at every `import()`.
 */
function chunkOf(id: string, graph: ModuleGraph): string | undefined {
  if (ENTRIES.some((entry) => id === idOf(entry))) return undefined;
  reached ??= reachedByStarts(graph);
  const names = reached.flatMap(([name, modules]) => (modules.has(id) ? [name] : []));
  const [first] = names;
  if (names.length < 2 || SMALL.includes(first ?? "")) return first;
  return names.some((name) => MOST.includes(name)) ? "common" : "others";
}

const { dependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
const names = Object.keys(dependencies);
const bundle = await rolldown({
  cwd: repository,
  input: ENTRIES,
  platform: "node",
  external: ["bun:ffi", ...names.map((name) => new RegExp(`^${name}(/|$)`))],
  preserveEntrySignatures: "allow-extension",
  checks: { ineffectiveDynamicImport: false },
});
await bundle.write({
  dir: "dist",
  format: "esm",
  sourcemap: true,
  comments: { annotation: false, jsdoc: false },
  // By which Bun knows that there is nothing to translate, and does not parse a file before its engine does. It takes the
  // file's bytes for Latin-1 then: all else has to be escaped.
  banner: "// @bun",
  charset: "ascii",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: "starts" }] },
});
await bundle.close();
