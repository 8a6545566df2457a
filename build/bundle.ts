/**
 * `npm run bundle`, a part of the build: writes the program and the library into dist, in as few files as programs can do
 * with. A bundler by itself cuts the code at every `import()`: so finely that half of a conversion's start was reading
 * files. Here it is cut by what is started.
 */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const repository = realpathSync(fileURLToPath(new URL("..", import.meta.url)));

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
 * stands in one file, or in one for all that begin with it. What no start reaches is cut at every `import()`.
 */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  start: ["src/cli/start.ts"],
  program: ["src/cli/process.ts"],
  thread: ["src/convert/workers/worker.ts"],
  convert: ["src/cli/convert-command.ts", "src/convert/convert.ts", "src/convert/kept-results.ts"],
  pull: ["src/source/registry-source.ts"],
  read: ["inspect", "ls", "cat", "extract", "verify"].map((command) => `src/cli/filesystem/${command}.ts`),
};

/** The part of a bundler's knowledge of modules that is asked for here. */
interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** All modules that some import, themselves included; without those that `import()` would load. */
function reachedFrom(begin: readonly string[], graph: ModuleGraph): ReadonlySet<string> {
  const reached = new Set(begin.map((path) => join(repository, path)));
  for (const id of reached)
    if (graph.getModuleInfo(id) === null) throw new Error(`no module ${id}: what starts there?`);
  // A set hands out what is added to it meanwhile.
  for (const id of reached)
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) reached.add(imported);
  return reached;
}

let reached: (readonly [name: string, modules: ReadonlySet<string>])[] | undefined;

/**
 * The file of a module: named by all starts that reach it, so that no two files need one another: what it imports is
 * reached by as many or more. The little that every program begins with is one file, whoever else wants some of it.
 * Undefined for entries, which are files of their own, and where no start comes.
 */
function chunkOf(id: string, graph: ModuleGraph): string | undefined {
  if (ENTRIES.some((entry) => id === join(repository, entry))) return undefined;
  reached ??= Object.entries(STARTS).map(([name, begin]) => [name, reachedFrom(begin, graph)]);
  const names = reached.flatMap(([name, modules]) => (modules.has(id) ? [name] : []));
  if (names.length === 0) return undefined;
  return names[0] === "start" ? "start" : names.join("-");
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
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: "starts" }] },
});
await bundle.close();
