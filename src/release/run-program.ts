import { spawnSync } from "node:child_process";
import type { Docker2vmError } from "../errors.ts";
import { REPOSITORY } from "./place.ts";

const MOST_OUTPUT = 64 << 20;
/** Characters of what a program said at its end. */
const SHOWN = 2000;

export interface ProgramOptions {
  /** The repository if absent. */
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns its standard output; where it fails, throws what `failed` makes of the reason. */
export function runProgram(
  program: string,
  args: readonly string[],
  failed: (reason: string) => Docker2vmError,
  { cwd = REPOSITORY, environment = {} }: ProgramOptions = {},
): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...environment },
    maxBuffer: MOST_OUTPUT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) throw failed(error.message);
  if (status !== 0) throw failed(stderr.trim().slice(-SHOWN) || `${program} ended with ${status}`);
  return stdout;
}
