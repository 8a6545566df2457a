/** Executables of the program as a release has them. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../src/release/compile.ts";
import { readLock } from "../../src/release/repository.ts";
import { runtimeOf } from "../../src/release/runtime.ts";
import { programOf, TARGETS, type Target } from "../../src/release/targets.ts";
import { cacheRoot } from "./cache.ts";

/** Bun's runtimes, as the release script keeps them. The first use of each on a machine fetches some 45 MB. */
export const RUNTIMES = join(cacheRoot(), "release");

export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

/** Of the machine that the tests run on. */
export const HOST = targetNamed(`linux-${process.arch}`);

/** Compiles into a folder, which is made; returns the executable's path. */
export function executableIn(folder: string, target: Target): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, programOf(target));
  const bytes = compile(target, runtimeOf(target, readLock(), RUNTIMES), folder);
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
  return path;
}
