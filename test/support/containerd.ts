/** A containerd of a test's own: Debian's, fetched and not installed. It needs root, and leaves no mounts. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCKER_PACKAGES } from "./docker.ts";
import { debianPackages } from "./gondolin/debian.ts";
import { type Oracle, runOk } from "./oracles.ts";
import { until } from "./waiting.ts";

export const CONTAINERD: readonly Oracle[] = ["apt-get", "dpkg-deb", "chroot", "skopeo"];

/** What wants more than a folder to start. */
const WITHOUT = ["grpc.v1.cri", "snapshotter.v1.btrfs", "snapshotter.v1.devmapper", "snapshotter.v1.zfs"];

export interface Containerd {
  /** As its config.toml says it. */
  readonly root: string;
  /** Its client, and how it finds the daemon. */
  readonly command: readonly string[];
  /** Runs that. Throws with what it says where that fails. */
  ctr(...args: readonly string[]): string;
  stop(): Promise<void>;
}

/** Starts one that keeps everything below `folder`, and waits until it answers. */
export async function startContainerd(folder: string): Promise<Containerd> {
  const programs = `${debianPackages("amd64", DOCKER_PACKAGES)}/usr/bin`;
  const root = join(folder, "root");
  const socket = join(folder, "containerd.sock");
  mkdirSync(folder, { recursive: true });
  const disabled = WITHOUT.map((name) => `io.containerd.${name}`);
  const lines = [
    "version = 2",
    `root = ${JSON.stringify(root)}`,
    `state = ${JSON.stringify(join(folder, "state"))}`,
    `disabled_plugins = ${JSON.stringify(disabled)}`,
    `[grpc]\n  address = ${JSON.stringify(socket)}`,
  ];
  writeFileSync(join(folder, "config.toml"), `${lines.join("\n")}\n`);
  const daemon = spawn(join(programs, "containerd"), ["--config", join(folder, "config.toml")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  daemon.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const closed = new Promise<void>((resolve) => daemon.on("close", () => resolve()));
  const stop = async (): Promise<void> => {
    daemon.kill("SIGKILL");
    await closed;
  };
  try {
    await until(() => {
      if (daemon.exitCode !== null) throw new Error(`containerd ended:\n${said}`);
      return said.includes("containerd successfully booted");
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const [client, ...address] = [join(programs, "ctr"), "--address", socket] as const;
  const ctr = (...args: readonly string[]): string => runOk(client, [...address, ...args]);
  return { root, command: [client, ...address], ctr, stop };
}
