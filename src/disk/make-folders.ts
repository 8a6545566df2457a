/**
 * Folders made one by one. Node's own way to make several at once may never end where a filesystem's answers contradict
 * one another, and in that no signal is heard.
 */
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.ts";

/** Makes one folder, takes one away, or asks whether something is one. The answer is what that threw, if it did. */
type Request = readonly [call: "mkdir" | "rmdir" | "stat", path: string];
type Answer = { readonly error: unknown } | undefined;

/**
 * Makes a folder and those around it that are not there, each with `mode`. Returns the outermost that it made,
 * undefined if all were there. Throws the system's errors, and leaves nothing then.
 */
export async function makeFolders(path: string, mode?: number): Promise<string | undefined> {
  const steps = making(path);
  let step = steps.next();
  while (step.done !== true) {
    step = steps.next(await request(step.value, mode));
  }
  return step.value;
}

async function request([call, path]: Request, mode: number | undefined): Promise<Answer> {
  try {
    if (call === "mkdir") await mkdir(path, { mode });
    else if (call === "rmdir") await rmdir(path);
    else demandFolder(await stat(path));
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** As makeFolders, at once. */
export function makeFoldersSync(path: string): string | undefined {
  const steps = making(path);
  let step = steps.next();
  while (step.done !== true) step = steps.next(requestSync(step.value));
  return step.value;
}

function requestSync([call, path]: Request): Answer {
  try {
    if (call === "mkdir") mkdirSync(path);
    else if (call === "rmdir") rmdirSync(path);
    else demandFolder(statSync(path));
    return undefined;
  } catch (error) {
    return { error };
  }
}

function demandFolder(found: { isDirectory(): boolean }): void {
  if (!found.isDirectory()) throw new Error("it is not a folder");
}

/** Up to a folder that is there or can be made, and down again: so none is tried more than twice. */
function* making(path: string): Generator<Request, string | undefined, Answer> {
  const made: string[] = [];
  const missing: string[] = [];
  let at = path;
  while (yield* isMissing(at, made)) {
    missing.push(at);
    at = dirname(at);
  }
  for (const next of missing.reverse()) {
    const refused = yield ["mkdir", next];
    if (refused === undefined) made.push(next);
    else if ((yield ["stat", next]) !== undefined) {
      for (const folder of made.reverse()) yield ["rmdir", folder];
      throw refused.error;
    }
  }
  return made[0];
}

/** Makes the folder if that can be; whether one must be made around it first. */
function* isMissing(path: string, made: string[]): Generator<Request, boolean, Answer> {
  const refused = yield ["mkdir", path];
  if (refused === undefined) made.push(path);
  else if (systemErrorCode(refused.error) === "ENOENT" && dirname(path) !== path) return true;
  // What keeps it from being made may be that it is there.
  else if ((yield ["stat", path]) !== undefined) throw refused.error;
  return false;
}
