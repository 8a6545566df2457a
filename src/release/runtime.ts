/** Bun's runtimes for other machines, which executables are made of. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import type { Lock } from "./repository.ts";
import { runProgram } from "./run-program.ts";
import { isWindows, type Target } from "./targets.ts";

/**
 * The path of a target's runtime, in the version of this repository's Bun. npm fetches it once, by a lock file whose digest
 * is that of package-lock.json, where npm has put what the registry told; it then stays in the cache, whole or not at all.
 * Throws E_NETWORK where it cannot be had, E_DIGEST_MISMATCH where it is another than the lock file says.
 */
export function runtimeOf(target: Target, lock: Lock, cache: string): string {
  const { runtime } = target;
  const locked = lock.packages[`node_modules/${runtime}`];
  if (locked?.integrity === undefined) {
    throw new Docker2vmError("E_USAGE", `package-lock.json has no digest of ${runtime}`, {
      hint: "install bun anew, so that npm lists its packages for all machines",
    });
  }
  const { version, integrity } = locked;
  const kept = join(cache, `${basename(runtime)}-${version}`);
  const program = join(kept, "node_modules", runtime, "bin", isWindows(target) ? "bun.exe" : "bun");
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "unfinished-"));
  try {
    install(folder, target, { version, integrity });
    // Another run may have fetched it in the meantime, and somebody use it already.
    if (!existsSync(program)) {
      rmSync(kept, { recursive: true, force: true });
      renameSync(folder, kept);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

/** npm ci, which takes nothing that does not hash to the lock's digest; --force, since it is for another machine. */
function install(
  folder: string,
  target: Target,
  { version, integrity }: { readonly version: string; readonly integrity: string },
): void {
  const { runtime } = target;
  const own = { name: "runtime", version: "0.0.0", private: true, dependencies: { [runtime]: version } };
  const packages = { "": own, [`node_modules/${runtime}`]: { version, integrity } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(own));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ name: own.name, version: own.version, lockfileVersion: 3, requires: true, packages }),
  );
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const args = ["ci", "--force", "--ignore-scripts", "--prefer-offline", ...quiet];
  runProgram("npm", args, (reason) => unobtainable(target, version, reason), { cwd: folder });
}

function unobtainable({ name, runtime }: Target, version: string, reason: string): Docker2vmError {
  if (reason.includes("EINTEGRITY")) {
    return new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${runtime}@${version} is not what package-lock.json says: ${reason}`,
      { hint: "somebody has changed it on the way, or the lock file: do not release" },
    );
  }
  return new Docker2vmError("E_NETWORK", `${runtime}@${version} cannot be had from npm: ${reason}`, {
    hint: `without it there is no executable for ${name}: name the targets that you want by --target`,
  });
}
