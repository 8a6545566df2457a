import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { run, runOk } from "./oracles.ts";

const BETWEEN_LOOKS = 50;
/** Five minutes: longer than any test has a namespace. */
const MOST_LOOKS = 6000;

/**
 * Unmounts an image, and waits until nobody has it mounted: a mount namespace that another test has made in the meantime
 * has it, too, and until that is gone the image is in use, its journal or log not written out.
 */
export function unmountImage(image: string, folder: string): void {
  const path = realpathSync(image);
  const [device = ""] = runOk("findmnt", ["--noheadings", "--output", "SOURCE", "--mountpoint", folder])
    .trim()
    .split("\n");
  runOk("umount", [folder]);
  // It may be mounted here a second time, by the same device.
  if (run("findmnt", ["--source", device]).status === 0) return;
  for (let looks = 0; backingFile(device) === path; looks++) {
    if (looks === MOST_LOOKS) throw new Error(`${image} is still mounted somewhere, as ${device}`);
    Bun.sleepSync(BETWEEN_LOOKS);
  }
}

function backingFile(device: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, "utf8").trim();
  } catch {
    // It has none any more.
    return undefined;
  }
}
