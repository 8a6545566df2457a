/** A program that serves until its test is over, and what it says meanwhile. */
import { type ChildProcess, spawn } from "node:child_process";
import { until } from "./waiting.ts";

export interface Daemon {
  stop(): Promise<void>;
}

/** Namespaces of mounts and processes that end with the daemon. */
const NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Starts it in namespaces of its own with `path` as its PATH, and waits until `isReady` says so; throws what it said if it ends before. */
export async function startDaemon(
  command: readonly string[],
  path: string,
  isReady: () => boolean,
): Promise<Daemon> {
  const daemon = spawn("unshare", [...NAMESPACES, ...command], {
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = collect(daemon);
  try {
    await until(() => {
      if (daemon.exitCode !== null) throw new Error(`${command[0]} ended:\n${said()}`);
      return isReady();
    });
  } catch (error) {
    await ended(daemon);
    throw error;
  }
  return { stop: () => ended(daemon) };
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
