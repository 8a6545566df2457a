import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { runOk } from "./oracles.ts";

const BETWEEN_LOOKS = 5;
/** Five minutes: longer than any test has a namespace. */
const MOST_LOOKS = 60_000;

/**
 * Unmounts an image, and waits until nobody has it mounted: a mount namespace that another test has made in the meantime
 * has it, too, and until that is gone the image is in use, its journal or log not written out.
 */
export function unmountImage(image: string, folder: string): void {
  const path = realpathSync(image);
  const target = realpathSync(folder);
  const device = mounts().findLast((mount) => mount.target === target)?.source;
  if (device === undefined) throw new Error(`nothing is mounted at ${folder}`);
  runOk("umount", [folder]);
  // It may be mounted here a second time, by the same device.
  if (mounts().some(({ source }) => source === device)) return;
  for (let looks = 0; backingFile(device) === path; looks++) {
    if (looks === MOST_LOOKS) throw new Error(`${image} is still mounted somewhere, as ${device}`);
    Bun.sleepSync(BETWEEN_LOOKS);
  }
}

interface Mount {
  readonly source: string;
  readonly target: string;
}

/** What this process sees mounted, the latest last (proc_pid_mountinfo(5)). It is asked for thousands of times. */
function mounts(): readonly Mount[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return lines.map((line) => {
    const [own = "", below = ""] = line.split(" - ");
    return { source: unescaped(below.split(" ")[1]), target: unescaped(own.split(" ")[4]) };
  });
}

/** Blanks and backslashes are in octal. */
function unescaped(text = ""): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

function backingFile(device: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, "utf8").trim();
  } catch {
    // It has none any more.
    return undefined;
  }
}
