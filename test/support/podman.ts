/** Podman's service of a test's own: Debian's, fetched and not installed, on a storage of its own. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "./daemon.ts";
import { debianPackages } from "./gondolin/debian.ts";
import { type Oracle, type Outcome, run } from "./oracles.ts";

/** The policy that it asks for at a pull and a load comes with skopeo. */
export const PODMAN: readonly Oracle[] = ["pid namespace", "apt-get", "dpkg-deb", "skopeo", "crun"];

export interface Podman extends Daemon {
  /** "unix:///…/podman.sock" */
  readonly host: string;
  /** Runs the program on the same storage; a status other than 0 is not an error here. */
  podman(...args: readonly string[]): Outcome;
}

/** Starts one that keeps everything below `folder`, and waits until its socket is there. */
export async function startPodman(folder: string): Promise<Podman> {
  const programs = debianPackages("amd64", ["podman", "conmon"]);
  const path = [`${programs}/usr/bin`, process.env["PATH"]].join(":");
  mkdirSync(folder, { recursive: true });
  const settings = {
    root: join(folder, "data"),
    runroot: join(folder, "run"),
    "network-config-dir": join(folder, "networks"),
    "storage-driver": "vfs",
    "cgroup-manager": "cgroupfs",
    "events-backend": "none",
  };
  const given = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const socket = join(folder, "podman.sock");
  const host = `unix://${socket}`;
  const podman = (...args: readonly string[]): Outcome =>
    run(`${programs}/usr/bin/podman`, [...given, ...args], { env: { PATH: path } });
  const command = ["podman", ...given, "system", "service", "--time=0", host];
  const daemon = await startDaemon(command, path, () => existsSync(socket));
  return { host, podman, stop: daemon.stop };
}
