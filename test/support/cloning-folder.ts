import { afterAll, beforeAll } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk } from "./oracles.ts";
import { lacksOf } from "./programs.ts";

/** What mkfs.xfs makes at least. */
const BYTES = 300 << 20;

/**
 * A folder on an XFS of its own, which clones files, for the tests of one file that need mkfs.xfs (testWith), root and
 * loop devices; call the result for it.
 */
export function cloningFolder(): () => string {
  let parent = "";
  const folder = () => join(parent, "xfs");
  if (lacksOf(["mkfs.xfs"]).length > 0) return folder;
  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), "docker2vm-cloning-"));
    const image = join(parent, "image");
    writeFileSync(image, "");
    truncateSync(image, BYTES);
    runOk("mkfs.xfs", ["-q", "-m", "reflink=1", image]);
    mkdirSync(folder());
    runOk("mount", ["-t", "xfs", "-o", "loop", image, folder()]);
  });
  afterAll(() => {
    runOk("umount", [folder()]);
    rmSync(parent, { recursive: true });
  });
  return folder;
}
