/** The declarations of the package, as far as a test asks: which types the exports lead to, and which have a name. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A type, by the file that declares it. */
interface Declared {
  readonly file: string;
  readonly name: string;
}

interface File {
  /** Text of each declaration, by name. */
  readonly declarations: ReadonlyMap<string, string>;
  /** Those that a comment stands before. */
  readonly documented: ReadonlySet<string>;
  /** What a name in the file stands for that another file declares. */
  readonly imports: ReadonlyMap<string, Declared>;
  /** The same of the names that are passed on. */
  readonly exports: ReadonlyMap<string, Declared>;
}

const LIST = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*"([^"]+)"/gm;
const BEGINNING =
  /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|enum|function|const) (\w+)/gm;
/** Constants, all in capitals, have their types spelled out. */
const TYPE_NAME = /\b[A-Z]\w*[a-z]\w*\b/g;
/** In place of every comment. */
const COMMENT = "/**/";
const END = /\n(?:import|export|declare)\b/;

interface Surface {
  /** Every name that the entry file exports. */
  readonly names: readonly string[];
  /** Those that nothing is said of. */
  readonly undocumented: readonly string[];
  /** The types they lead to that are not exported. */
  readonly unnamed: readonly string[];
}

/** What a package's entry file exports. */
export function surfaceOf(entry: string): Surface {
  const files = new Map<string, File>();
  const fileAt = (path: string): File => {
    const file = files.get(path) ?? parse(path);
    files.set(path, file);
    return file;
  };
  const resolved = (of: Declared): Declared => {
    const next = fileAt(of.file).exports.get(of.name) ?? fileAt(of.file).imports.get(of.name);
    return next === undefined || fileAt(of.file).declarations.has(of.name) ? of : resolved(next);
  };
  const exported = [...fileAt(entry).exports.entries()];
  const named = new Set(exported.map(([, declared]) => keyOf(resolved(declared))));
  const seen = new Set<string>();
  const waiting = exported.map(([, declared]) => resolved(declared));
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(keyOf(at))) continue;
    seen.add(keyOf(at));
    const { declarations, imports } = fileAt(at.file);
    const text = declarations.get(at.name);
    if (text === undefined) throw new Error(`${at.file} declares no ${at.name}`);
    for (const [name] of text.matchAll(TYPE_NAME)) {
      const imported = imports.get(name);
      if (imported !== undefined) waiting.push(resolved(imported));
      else if (declarations.has(name)) waiting.push({ file: at.file, name });
    }
  }
  const unnamed = [...seen].filter((key) => !named.has(key)).sort();
  const undocumented = exported
    .map(([, declared]) => resolved(declared))
    .filter(({ file, name }) => !fileAt(file).documented.has(name))
    .map(({ name }) => name);
  return { names: exported.map(([name]) => name).sort(), undocumented, unnamed };
}

function keyOf({ file, name }: Declared): string {
  return `${name} of ${file}`;
}

function parse(path: string): File {
  const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, COMMENT);
  const imports = new Map<string, Declared>();
  const exports = new Map<string, Declared>();
  for (const [, keyword, list = "", from = ""] of text.matchAll(LIST)) {
    if (!from.startsWith(".")) continue;
    const file = join(dirname(path), from.replace(/\.[jt]s$/, ".d.ts"));
    for (const item of list.split(",")) {
      const [, name, alias = name] = /^\s*(?:type\s+)?(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(item) ?? [];
      if (name === undefined || alias === undefined) continue;
      (keyword === "import" ? imports : exports).set(alias, { file, name });
    }
  }
  const starts = [...text.matchAll(BEGINNING)];
  const declarations = new Map(
    starts.map(({ index, 1: name = "" }, at) => {
      const declaration = text.slice(index, starts[at + 1]?.index);
      return [name, declaration.split(END)[0] ?? ""];
    }),
  );
  const documented = new Set(
    starts
      .filter(({ index }) => text.slice(0, index).trimEnd().endsWith(COMMENT))
      .map(({ 1: name = "" }) => name),
  );
  return { declarations, documented, imports, exports };
}
