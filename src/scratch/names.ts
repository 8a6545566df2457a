/**
 * Names for what is not finished yet. They say whose it is, so that what killed processes left can be told from what
 * others are at, also where machines and containers share a folder.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { removeFolder } from "../disk/remove-folder.ts";
import { systemErrorCode } from "../errors.ts";

/** "unknown": its process is of another machine or container, where nothing can be asked. */
export type Owner = "living" | "dead" | "unknown";

/** A process number means something only within this: one namespace of one machine, from one start to the next. */
const NEIGHBOURHOOD = createHash("sha256")
  .update([hostname(), bootIdentity(), pidNamespace()].join(" "))
  .digest("hex")
  .slice(0, 8);
/** Neighbourhood, process, when that began (0: not known), chance. */
const NAME = /^([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{16}$/;
/** Milliseconds without a change after which what has an unknown owner has been given up. */
const ABANDONED = 24 * 60 * 60 * 1000;
const SHOWS_OWN_PROCESSES = readsOwnNamespace();
const START = statusOf(process.pid)?.start ?? "0";

/** A name that no other process and no other call has. */
export function scratchName(): string {
  return `${NEIGHBOURHOOD}-${process.pid}-${START}-${randomBytes(8).toString("hex")}`;
}

/** What became of the process that made the name; undefined for what is none of these names. */
export function ownerOf(name: string): Owner | undefined {
  const [, neighbourhood, pid, start] = NAME.exec(name) ?? [];
  if (pid === undefined) return undefined;
  if (neighbourhood !== NEIGHBOURHOOD) return "unknown";
  if (!isRunning(Number(pid))) return "dead";
  const status = statusOf(Number(pid));
  // Without these, a number that runs is all there is to go by. Numbers are given anew, in a container at once.
  if (status === undefined || start === "0") return "living";
  return status.start === start && !status.ended ? "living" : "dead";
}

/**
 * Removes the files and folders that killed processes left in a folder: those whose names are `prefix` and a scratch
 * name. Never fails: it only tidies up.
 */
export async function removeAbandoned(folder: string, prefix: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    if (await mayBeTrap(folder, path)) continue;
    const owner = ownerOf(name.slice(prefix.length));
    if (owner === "dead" || (owner === "unknown" && now - (await lastChange(path)) > ABANDONED)) {
      await removeFolder(path).catch(() => undefined);
    }
  }
}

/** S_ISVTX: who does not own a file there may not remove it. So it is with /tmp. */
const STICKY = 0o1000;

/** Whether it is another user's, in a folder where anybody may leave something: a link, or a tree that changes. */
async function mayBeTrap(folder: string, path: string): Promise<boolean> {
  const user = process.geteuid?.();
  if (user === undefined) return false;
  try {
    return ((await stat(folder)).mode & STICKY) !== 0 && (await lstat(path)).uid !== user;
  } catch {
    return true;
  }
}

/** When the newest file of the folder, or the file itself, was written to; milliseconds since 1970. */
async function lastChange(path: string): Promise<number> {
  const inside = await readdir(path, { recursive: true }).catch(() => []);
  const times = [path, ...inside.map((name) => join(path, name))].map((each) =>
    stat(each).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Math.max(...(await Promise.all(times)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

interface ProcessStatus {
  /** In clock ticks since the machine's start. */
  readonly start: string;
  /** Killed, and nobody has asked what of: in many containers nobody ever does. */
  readonly ended: boolean;
}

/** proc_pid_stat(5): the state is the third field, the start the 22nd; the second may have anything in its brackets. */
function statusOf(pid: number): ProcessStatus | undefined {
  if (!SHOWS_OWN_PROCESSES) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state = "", start] = [fields[0], fields[19]];
    return start === undefined ? undefined : { start, ended: "ZX".includes(state) };
  } catch {
    return undefined;
  }
}

/** Whether /proc is this namespace's: in a new one it shows the processes around it until it is mounted again. */
function readsOwnNamespace(): boolean {
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function bootIdentity(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
