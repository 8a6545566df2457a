import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LauncherFile } from "../../../src/profile/launcher/launcher.ts";
import { findOracle, type Oracle, runOk } from "../../support/oracles.ts";

/** What a sandbox needs of the machine. */
export const SANDBOX: readonly Oracle[] = ["busybox", "chroot", "unshare"];

const APPLETS = ["sh", "ls", "mkdir", "cat", "env", "id", "pwd", "kill", "printf"];

/** A root to run launchers in: busybox with its applets in /bin, and in /tools shells of the machine. */
export function makeRoot(root: string, shells: readonly Oracle[]): void {
  for (const folder of ["bin", "dev", "proc", "tools"]) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(findOracle("busybox") ?? "", join(root, "bin/busybox"));
  copyFileSync(findOracle("busybox") ?? "", join(root, "tools/env"));
  for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
  runOk("mknod", ["-m", "666", join(root, "dev/null"), "c", "1", "3"]);
  // By this name bash keeps to POSIX.
  mkdirSync(join(root, "tools/posix"));
  symlinkSync("../bash", join(root, "tools/posix/sh"));
  for (const shell of shells) copyProgram(findOracle(shell) ?? "", join(root, "tools", shell), root);
}

/** A program and the libraries that it is linked with. */
function copyProgram(from: string, to: string, root: string): void {
  copyFileSync(from, to);
  for (const [library] of runOk("ldd", [from]).matchAll(/\/\S+/g)) {
    if (library === `${from}:`) continue;
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
}

export function putFiles(root: string, files: readonly LauncherFile[]): void {
  for (const { path, mode, bytes } of files) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
    chmodSync(join(root, path), mode);
  }
}

export interface Ended {
  /** The exit status, or the signal. */
  readonly status: number | string;
  /** Bytes, one character each, like `stderr`. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the root, with a /proc, in nothing but the given environment. */
export function runIn(
  root: string,
  command: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Ended {
  // What the umask was is the launcher's to forget.
  const enter = 'umask 077 && mount -t proc proc "$0/proc" && exec chroot "$0" /tools/env -i "$@"';
  const env = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const { status, signal, stdout, stderr, error } = spawnSync(
    "unshare",
    ["--mount", "sh", "-c", enter, root, ...env, ...command],
    { encoding: "latin1", input: options.input ?? "" },
  );
  if (error) throw error;
  return { status: status ?? signal ?? "", stdout, stderr };
}
