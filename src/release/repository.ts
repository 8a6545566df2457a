/** What of this repository a release is made of. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { REPOSITORY } from "./place.ts";
import { runProgram } from "./run-program.ts";

/** package-lock.json, as far as it is asked. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version: string;
  /** As npm's registry tells it: "sha512-…". */
  readonly integrity?: string;
  readonly license?: string;
  /** Only for whoever works on this repository. */
  readonly dev?: boolean;
}

export function readLock(): Lock {
  return JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8"));
}

/** The version of the dev dependency, which the release has to be made by. Throws E_USAGE for another Bun. */
export function bunVersion(lock: Lock): string {
  const locked = lock.packages["node_modules/bun"]?.version;
  const own = process.versions["bun"];
  if (locked !== undefined && locked === own) return locked;
  throw new Docker2vmError("E_USAGE", `a release is made by Bun ${locked}, this is ${own ?? "Node"}`, {
    hint: "npm run release takes the one that npm ci installs",
  });
}

/**
 * The time of everything in a release, in seconds: SOURCE_DATE_EPOCH, else that of the commit. Throws E_USAGE where
 * neither is to be had.
 */
export function releaseTime(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment["SOURCE_DATE_EPOCH"] ?? "";
  const text = given === "" ? runProgram("git", ["log", "-1", "--format=%ct"], noCommit).trim() : given;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Docker2vmError("E_USAGE", `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, no number of seconds`);
}

function noCommit(reason: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `git tells no time of the version: ${reason}`, {
    hint: "set SOURCE_DATE_EPOCH to the seconds since 1970 that are to be the time of everything",
  });
}
