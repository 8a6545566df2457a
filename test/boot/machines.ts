/** Images that are booted by the command itself, as a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import type { Oracle } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";

export const BOOTING: readonly Oracle[] = ["qemu-system-x86_64", "apt-get", "dpkg-deb", "busybox"];

/** Converts an image with a shell, and an init that runs this script in it. */
export async function convertScript(
  layout: string,
  out: string,
  script: string,
  filesystem: FilesystemSettings,
): Promise<void> {
  await convert({
    source: `oci:${layout}`,
    platform: "linux/amd64",
    out,
    filesystem,
    profile: { name: "init", workload: { cmd: ["/bin/sh", "-c", script] } },
  });
}

export interface Booted {
  readonly code: number | null;
  /** Without carriage returns. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `docker2vm boot`. `onSaid` is called whenever the console has said more. */
export async function bootCommand(
  args: readonly string[],
  onSaid: (said: string, child: ChildProcess) => void = () => undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Booted> {
  const main = join(REPOSITORY, "src/cli/main.ts");
  const child = spawn(process.execPath, ["--no-env-file", main, "boot", "--accel=tcg", ...args], { env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text.replaceAll("\r", "");
    onSaid(stdout, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { code, stdout, stderr };
}

/** Once the console has said it, and only once. */
export function once(said: string, act: (child: ChildProcess) => void) {
  let done = false;
  return (all: string, child: ChildProcess): void => {
    if (done || !all.includes(said)) return;
    done = true;
    act(child);
  };
}
