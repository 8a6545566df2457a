/** The real Gondolin, out of the npm registry, with the Node that it asks for and helpers compiled from its sources. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../cache.ts";
import { type Outcome, run, runOk } from "../oracles.ts";
import { withTemporaryFolder } from "../temporary.ts";
import { runZig } from "../zig.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";

const GONDOLIN = "0.12.0";
const NODE = "24.21.0";

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

function installation(): string {
  return cachedFolder(`gondolin-${GONDOLIN}-node-${NODE}`, (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private":true}\n');
    const packages = [
      `@earendil-works/gondolin@${GONDOLIN}`,
      // The package with the program itself: `node` only fetches it by an install script.
      `node-${HOST}@${NODE}`,
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
