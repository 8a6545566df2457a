/** One executable of the program and a runtime, for one machine. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { withoutSignature } from "./mach-o.ts";
import { runProgram } from "./run-program.ts";
import { programOf, type Target } from "./targets.ts";

/** The first is what runs; threads begin in the other, which they find beside it, as in the package. */
const ENTRIES = ["src/cli/executable.ts", "src/convert/workers/worker.ts"];

/** Files of the working folder that are somebody else's program's: Bun would read the first two even so. */
const AUTOLOADED = ["dotenv", "bunfig", "tsconfig", "package-json"];

/**
 * In chunks, each loaded when it is wanted, and as bytecode, so that no machine parses them again: without either a
 * command begins three times as slowly. Not minified: that would save a hundredth of the size, and the names in what
 * `--verbose` shows of an error.
 */
const FORM = [
  "--splitting",
  "--bytecode",
  "--format=esm",
  "--entry-naming=[name].[ext]",
  "--chunk-naming=[name]-[hash].[ext]",
];

/**
 * The executable's bytes, the same each time and wherever the repository lies. Uses `folder` meanwhile. Throws
 * E_BUILD_FAILED.
 */
export function compile(target: Target, runtime: string, folder: string): Uint8Array {
  // The name is in the bytes.
  const path = join(folder, programOf(target));
  runProgram(
    process.execPath,
    [
      "build",
      "--compile",
      `--target=${target.bunTarget}`,
      `--compile-executable-path=${runtime}`,
      ...AUTOLOADED.map((what) => `--no-compile-autoload-${what}`),
      ...FORM,
      ...ENTRIES,
      `--outfile=${path}`,
    ],
    (reason) => new Docker2vmError("E_BUILD_FAILED", `no executable for ${target.name}: ${reason}`),
  );
  if (!existsSync(path)) {
    throw new Docker2vmError("E_BUILD_FAILED", `bun build has written no executable for ${target.name}`);
  }
  const bytes = readFileSync(path);
  rmSync(path);
  return target.name === "darwin-x64" ? withoutSignature(bytes) : bytes;
}
