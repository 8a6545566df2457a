/** Files on their way into the cache, and what is left of them when a process was killed. */
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "../errors.ts";

/** A process number means something only within this: a cache may be shared between machines and containers. */
const NEIGHBOURHOOD = createHash("sha256")
  .update(`${hostname()} ${pidNamespace()}`)
  .digest("hex")
  .slice(0, 8);
const NAME = /^([0-9a-f]{8})-(\d+)-[0-9a-f]{16}$/;
/** Milliseconds after which a file of unknown owner has been given up. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** A name that no other process and no other call has. */
export function temporaryName(): string {
  return `${NEIGHBOURHOOD}-${process.pid}-${randomBytes(8).toString("hex")}`;
}

/** Removes what killed processes left. Never fails: it only tidies up. */
export async function removeAbandoned(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (await isAbandoned(path, name, now)) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isAbandoned(path: string, name: string, now: number): Promise<boolean> {
  const [, neighbourhood, pid] = NAME.exec(name) ?? [];
  if (pid === undefined) return false;
  if (neighbourhood === NEIGHBOURHOOD && !isRunning(Number(pid))) return true;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && now - found.mtimeMs > ABANDONED;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
