/** What a process usually has around it, and sometimes has not: a home, a folder to run in. */
import { homedir } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { Docker2vmError } from "./errors.ts";

/**
 * This user's home: HOME, else what the account says. Undefined where there is neither, as for the numeric users that
 * containers are run as.
 */
export function homeFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment["HOME"]) return environment["HOME"];
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** The folder that relative paths begin at. Throws E_IO where it has been removed. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new Docker2vmError("E_IO", "the folder this command runs in is not there any more", {
      hint: "change to another folder, or give absolute paths",
      cause,
    });
  }
}

/** The path from the root on, which for an absolute one asks nothing of the system. Throws as workingFolder does. */
export function absolutePath(path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(workingFolder(), path);
}
