import { readFileSync } from "node:fs";

/**
 * Takes out of `process.env` what Bun has put there from .env files of the working folder: somebody else's program is
 * meant by them, and under Node nobody reads them. What the process was really given the system tells on Linux; elsewhere
 * all stays as it is, and `bun --no-env-file` is the way.
 */
export function forgetEnvFiles(): void {
  if (process.versions["bun"] === undefined) return;
  const given = givenNames();
  if (given === undefined) return;
  for (const name of Object.keys(process.env)) if (!given.has(name)) delete process.env[name];
}

/** proc_pid_environ(5): the environment that the process began with, "NAME=VALUE" and a zero byte each. */
function givenNames(): ReadonlySet<string> | undefined {
  try {
    const text = readFileSync("/proc/self/environ", "utf8");
    return new Set(text.split("\0").map((line) => line.slice(0, line.indexOf("="))));
  } catch {
    return undefined;
  }
}
