/** The package as programs of others use it: what it exports has names, types and examples that hold. */
import { describe, expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_TEXT, blocks } from "../readme/document.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { surfaceOf } from "./declarations.ts";
import { missingDocumentation } from "./documentation.ts";

const scratch = scratchFolder();
const TSC = join(REPOSITORY, "node_modules/.bin/tsc");
const HELLO = join(REPOSITORY, "fixtures/images/hello");

let folder: string | undefined;

/** A folder of somebody who has the package installed, with the types of Node, and an image called alpine. */
function consumer(): string {
  if (folder !== undefined) return folder;
  folder = scratch("consumer");
  const installed = installPackage(scratch("installed"));
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(installed, join(folder, "node_modules", PACKAGE.name));
  for (const name of ["@types", "undici-types"]) {
    symlinkSync(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  symlinkSync(HELLO, join(folder, "alpine"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  return folder;
}

function surface() {
  return surfaceOf(join(consumer(), "node_modules", PACKAGE.name, "dist/index.d.ts"));
}

/** What type-checks under the way modules are found, declarations of the package and all. */
function check(module: "node16" | "nodenext" | "bundler", ...files: readonly string[]): void {
  const resolution = module === "bundler" ? ["--module", "esnext"] : ["--module", module];
  runOk(
    TSC,
    [
      ...["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"],
      ...["--target", "es2022", "--lib", "es2023", "--types", "node", "--moduleResolution", module],
      ...[...resolution, ...files],
    ],
    { cwd: consumer() },
  );
}

describe("the library", () => {
  testWith(["npm"], "has a name for every type that its exports lead to, and says what each is", () => {
    const { names, undocumented, unnamed } = surface();
    expect(undocumented).toEqual([]);
    expect(unnamed).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
  });

  for (const module of ["node16", "nodenext", "bundler"] as const) {
    testWith(["npm"], `compiles in a program that uses every name, modules found as by ${module}`, () => {
      const { names } = surface();
      const values = names.filter((name) => /^[a-z]|^[A-Z_]+$|^(Docker2vmError|MemoryTarget)$/.test(name));
      const types = names.filter((name) => !values.includes(name));
      const program = [
        `import { ${values.join(", ")} } from "${PACKAGE.name}";`,
        `import type { ${types.join(", ")} } from "${PACKAGE.name}";`,
        `export const values = [${values.join(", ")}];`,
        `export interface Types { ${types.map((name) => `${name}: ${name};`).join(" ")} }`,
        `export const least: ConvertOptions = { source: "alpine:3.20", out: "out", registry: { caFile: "ca.pem" } };`,
      ];
      writeFileSync(join(consumer(), "names.ts"), program.join("\n"));
      check(module, "names.ts");
      writeFileSync(
        join(consumer(), "wrong.ts"),
        `${program.join("\n")}\nexport const no: Limits = { byte: 1 };`,
      );
      expect(() => check(module, "wrong.ts")).toThrow("byte");
    });
  }
});

/** A project of what is declared in one file, for the compiler to be asked. */
function projectOf(entry: string): string {
  const path = join(consumer(), "declarations.json");
  const compilerOptions = {
    ...{ module: "nodenext", target: "es2022", lib: ["es2023"], types: ["node"], strict: true },
    ...{ exactOptionalPropertyTypes: true, noEmit: true },
  };
  writeFileSync(path, JSON.stringify({ compilerOptions, files: [entry] }));
  return path;
}

testWith(["npm", "node"], "the schemas of its documents are found as it exports them", () => {
  const program = `
    import { createRequire } from "node:module";
    const { $defs } = createRequire(import.meta.url)("${PACKAGE.name}/schema/meta.json");
    console.log(Object.keys($defs).includes("FilesystemMetadata"));
  `;
  writeFileSync(join(consumer(), "schema.mjs"), program);
  for (const runtime of ["node", process.execPath]) {
    expect(runOk(runtime, ["schema.mjs"], { cwd: consumer() })).toBe("true\n");
  }
});

describe("the comments", () => {
  testWith(
    ["npm"],
    "of all that is exported have an example, errors and units, where there are any",
    async () => {
      const entry = join(consumer(), "node_modules", PACKAGE.name, "dist/index.d.ts");
      expect(await missingDocumentation(projectOf(entry), entry)).toEqual([]);
    },
  );

  testWith(["npm"], "that lack these are found", async () => {
    const entry = join(consumer(), "faults.d.ts");
    writeFileSync(
      entry,
      `export declare function bare(): void;
/** Throws E_NOTHING. The example is that of \`other\`. */
export declare function wrong(): void;
/**
 * Throws E_IO.
 * @example \`other()\`
 */
export declare function other(): void;
/** Some. */
export interface Some { readonly bytes: number; readonly size?: number | undefined;
  /** Seconds. */
  readonly time: number }
`,
    );
    expect(await missingDocumentation(projectOf(entry), entry)).toEqual([
      "Some.size: a number without a unit",
      "bare: no comment",
      "bare: no example in the comment of bare",
      "bare: no word of what it throws",
      "wrong: no example in the comment of other",
      "wrong: no such code as E_NOTHING",
    ]);
  });
});

describe("an example in the documentation", () => {
  const sources = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" });
  const examples = sources
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const text = readFileSync(join(REPOSITORY, "src", path), "utf8").replace(/^ \* ?/gm, "");
      return [...text.matchAll(/^@example\n```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""], at) => ({
        name: `${path.replaceAll("/", "-").replace(/\.ts$/, "")}-${at}.ts`,
        code,
      }));
    });

  const programs = blocks(ALL_TEXT)
    .filter(({ language }) => language === "ts")
    .map(({ text }, at) => ({ name: `manual-${at}.ts`, code: text }));

  // In one run of the compiler: it reads the same declarations for each, and says of each what is wrong with it.
  testWith(["npm"], "type-checks, also where the manual has it", () => {
    const all = [...examples, ...programs];
    for (const { name, code } of all) writeFileSync(join(consumer(), name), code);
    check("nodenext", ...all.map(({ name }) => name));
  });

  for (const { name, code } of examples) {
    testWith(["npm"], `runs: ${name}`, () => {
      writeFileSync(join(consumer(), name), code);
      runOk(process.execPath, ["--no-env-file", name], { cwd: consumer() });
    });
  }

  testWith(["npm"], "is there for every function that is exported", () => {
    const all = examples.map(({ code }) => code).join("\n");
    const functions = surface().names.filter((name) => /^[a-z]/.test(name));
    expect(functions.filter((name) => !all.includes(`${name}(`))).toEqual([]);
  });
});
