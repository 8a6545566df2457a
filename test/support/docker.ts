/** A Docker daemon of a test's own: Debian's, fetched and not installed, in namespaces that end with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianPackages } from "./gondolin/debian.ts";
import { type Oracle, type Outcome, run } from "./oracles.ts";
import { until } from "./waiting.ts";

/** Containers want root, and the host's runc. */
export const DOCKER: readonly Oracle[] = ["pid namespace", "apt-get", "dpkg-deb", "runc"];

export interface Docker {
  /** Runs the client; a status other than 0 is not an error here. */
  docker(...args: readonly string[]): Outcome;
  stop(): Promise<void>;
}

/** Starts one that keeps everything below `folder`, and waits until it answers. Containers have no network. */
export async function startDocker(folder: string): Promise<Docker> {
  const programs = debianPackages("amd64", ["docker.io", "containerd"]);
  const path = [`${programs}/usr/bin`, `${programs}/usr/sbin`, process.env["PATH"]].join(":");
  mkdirSync(folder, { recursive: true });
  // Not the machine's own.
  writeFileSync(join(folder, "daemon.json"), "{}");
  const socket = join(folder, "docker.sock");
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const settings = ["iptables=false", "ip6tables=false", "bridge=none", "storage-driver=vfs"];
  const places = {
    "data-root": "data",
    "exec-root": "exec",
    pidfile: "pid",
    "config-file": "daemon.json",
  };
  const daemon = spawn(
    "unshare",
    [
      ...[...namespaces, "dockerd", ...settings.map((setting) => `--${setting}`), `--host=unix://${socket}`],
      ...Object.entries(places).map(([name, place]) => `--${name}=${join(folder, place)}`),
    ],
    { env: { ...process.env, PATH: path }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const said = collect(daemon);
  const docker = (...args: readonly string[]): Outcome =>
    run(`${programs}/usr/bin/docker`, [`--host=unix://${socket}`, ...args], { env: { PATH: path } });
  try {
    await until(() => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${said()}`);
      return docker("version").status === 0;
    });
  } catch (error) {
    await ended(daemon);
    throw error;
  }
  return { docker, stop: () => ended(daemon) };
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
