import { ovmsInit } from "../../guest/ovms-init.ts";
import { displayPath } from "../../tree/path.ts";
import { readText } from "../image-file.ts";
import type { ImageInProgress } from "../profile.ts";
import { asBytes } from "../shell-words.ts";
import { parseGroup, parsePasswd } from "./accounts.ts";
import { type GuestEnvironment, workloadEnvironment } from "./environment.ts";
import { launcherScript, refusingScript } from "./script.ts";
import { type Identity, type Nobody, resolveUser } from "./user.ts";

/** A file to be put into the image, owned by root. */
export interface LauncherFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/** Runs the image's workload: `run [ARG]...`. Needs a /bin/sh. */
export const LAUNCHER_PATH = "/usr/lib/docker2vm/run";
/** ovms-init by another name, which makes it what starts a workload with exactly this identity and environment. */
const EXEC_AS_PATH = "/usr/lib/docker2vm/exec-as";

/**
 * What starts the image's workload in a machine. Where that cannot be, as its user names nobody or its command is
 * none that any process can have, there is a warning, and the launcher only says so. Throws as ovmsInit.
 */
export async function launcherFiles(
  image: ImageInProgress,
  guest: GuestEnvironment,
): Promise<readonly LauncherFile[]> {
  const { runtime, warn } = image;
  const user = await workloadUser(image, runtime.User);
  if ("reason" in user) return [refuse(`the image's User cannot be resolved: ${user.reason}`, warn)];
  const workload = {
    entrypoint: runtime.Entrypoint.map(asBytes),
    cmd: runtime.Cmd.map(asBytes),
    workingDirectory: absolute(asBytes(runtime.WorkingDir)),
    environment: workloadEnvironment(guest, user.home),
  };
  if (
    [...workload.entrypoint, ...workload.cmd, workload.workingDirectory].some((word) => word.includes("\0"))
  ) {
    return [refuse("the image's Entrypoint, Cmd or WorkingDir has a NUL byte", warn)];
  }
  return [
    script(launcherScript(workload, user, EXEC_AS_PATH)),
    { path: EXEC_AS_PATH, mode: 0o755, bytes: ovmsInit(image.platform.architecture) },
  ];
}

/** As who a workload of this `User` runs, by the image's own /etc/passwd and /etc/group, or why that cannot be said. */
export async function workloadUser(image: ImageInProgress, user: string): Promise<Identity | Nobody> {
  const passwd = parsePasswd(await readText(image, "/etc/passwd"));
  const group = parseGroup(await readText(image, "/etc/group"));
  return resolveUser(asBytes(user), passwd, group);
}

function refuse(reason: string, warn: (message: string) => void): LauncherFile {
  warn(`${LAUNCHER_PATH} will refuse to run: ${displayPath(reason)}`);
  return script(refusingScript(reason));
}

function script(text: string): LauncherFile {
  return { path: LAUNCHER_PATH, mode: 0o755, bytes: Buffer.from(text, "latin1") };
}

/** A relative WorkingDir is taken from the root, an empty one is the root. */
function absolute(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}
