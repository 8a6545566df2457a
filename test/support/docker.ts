/** A Docker daemon of a test's own: Debian's, fetched and not installed, in namespaces that end with it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "./daemon.ts";
import { debianPackages } from "./gondolin/debian.ts";
import { type Oracle, type Outcome, run } from "./oracles.ts";

/** Containers want root, and the host's runc. */
export const DOCKER: readonly Oracle[] = ["pid namespace", "apt-get", "dpkg-deb", "runc"];

export const DOCKER_PACKAGES: readonly string[] = ["docker.io", "containerd"];

export interface Docker extends Daemon {
  /** "unix:///…/docker.sock" */
  readonly host: string;
  /** Runs the client; a status other than 0 is not an error here. */
  docker(...args: readonly string[]): Outcome;
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
  const settings = ["iptables=false", "ip6tables=false", "bridge=none", "storage-driver=vfs", ...more];
  const places = {
    "data-root": "data",
    "exec-root": "exec",
    pidfile: "pid",
    "config-file": "daemon.json",
  };
  const docker = (...args: readonly string[]): Outcome =>
    run(`${programs}/usr/bin/docker`, [`--host=${host}`, ...args], { env: { PATH: path } });
  const command = [
    "dockerd",
    ...settings.map((setting) => `--${setting}`),
    `--host=${host}`,
    ...Object.entries(places).map(([name, place]) => `--${name}=${join(folder, place)}`),
  ];
  const daemon = await startDaemon(command, path, () => docker("version").status === 0);
  return { host, docker, stop: daemon.stop };
}
