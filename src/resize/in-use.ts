/** Whether somebody else has a file open as a disk, as far as Linux tells; elsewhere nobody has. */
import { type BigIntStats, readdirSync, readFileSync } from "node:fs";

/** Who has the file, as a clause; undefined where nobody is known to. */
export function userOf(path: string, stats: BigIntStats): string | undefined {
  return loopDeviceOf(path) ?? lockerOf(stats);
}

function loopDeviceOf(path: string): string | undefined {
  for (const name of listed("/sys/block")) {
    if (!name.startsWith("loop")) continue;
    const backing = text(`/sys/block/${name}/loop/backing_file`)?.replace(/\n$/, "");
    if (backing === path) return `/dev/${name} has it, which may be mounted`;
  }
  return undefined;
}

/** proc_locks(5). QEMU and cloud-hypervisor lock ranges of the images of their machines; flock(1) locks whole files. */
const LOCK = /^\d+: (?:OFDLCK|POSIX) +\S+ +(?:READ|WRITE) +-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /;

function lockerOf({ dev, ino }: BigIntStats): string | undefined {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const isLocked = (text("/proc/locks") ?? "").split("\n").some((line) => {
    const [, lineMajor, lineMinor, lineInode] = LOCK.exec(line) ?? [];
    return (
      lineInode === String(ino) && BigInt(`0x${lineMajor}`) === major && BigInt(`0x${lineMinor}`) === minor
    );
  });
  return isLocked ? "another process has it locked, as machine monitors do" : undefined;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
