/** A Docker daemon of a test's own: Debian's, fetched and not installed, in namespaces that end with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianPackages } from "./gondolin/debian.ts";
import { type Oracle, type Outcome, run } from "./oracles.ts";
import { until } from "./waiting.ts";

/** Containers want root, and the host's runc. */
export const DOCKER: readonly Oracle[] = ["pid namespace", "apt-get", "dpkg-deb", "runc"];

export const DOCKER_PACKAGES: readonly string[] = ["docker.io", "containerd"];

export interface Docker {
  /** "unix:///…/docker.sock" */
  readonly host: string;
  /** Runs the client; a status other than 0 is not an error here. */
  docker(...args: readonly string[]): Outcome;
  stop(): Promise<void>;
}

/**
 * Starts one that keeps everything below `folder`, and waits until it answers. Containers have no network. `more`: further
 * settings, as "name=value".
 */
export async function startDocker(folder: string, more: readonly string[] = []): Promise<Docker> {
  const programs = debianPackages("amd64", DOCKER_PACKAGES);
  const path = [`${programs}/usr/bin`, `${programs}/usr/sbin`, process.env["PATH"]].join(":");
  mkdirSync(folder, { recursive: true });
  // Not the machine's own.
  writeFileSync(join(folder, "daemon.json"), "{}");
  const host = `unix://${join(folder, "docker.sock")}`;
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const settings = ["iptables=false", "ip6tables=false", "bridge=none", "storage-driver=vfs", ...more];
  const places = {
    "data-root": "data",
    "exec-root": "exec",
    pidfile: "pid",
    "config-file": "daemon.json",
  };
  const daemon = spawn(
    "unshare",
    [
      ...[...namespaces, "dockerd", ...settings.map((setting) => `--${setting}`), `--host=${host}`],
      ...Object.entries(places).map(([name, place]) => `--${name}=${join(folder, place)}`),
    ],
    { env: { ...process.env, PATH: path }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const said = collect(daemon);
  const docker = (...args: readonly string[]): Outcome =>
    run(`${programs}/usr/bin/docker`, [`--host=${host}`, ...args], { env: { PATH: path } });
  try {
    await until(() => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${said()}`);
      return docker("version").status === 0;
    });
  } catch (error) {
    await ended(daemon);
    throw error;
  }
  return { host, docker, stop: () => ended(daemon) };
}

function collect(child: ChildProcess): () => string {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  return () => said;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGKILL");
  await closed;
}
