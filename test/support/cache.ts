/** What the tests fetch or compile once per machine and keep: a folder for each, beside that of the kernel. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const UNFINISHED = "unfinished-";
const DAY_MS = 24 * 60 * 60 * 1000;

/** Where all of it is. */
export function cacheRoot(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "docker2vm-test");
}

type OnMaking = (name: string) => void;

let onMaking: OnMaking = () => undefined;

/** Has everybody's making told before it begins: fetching and compiling may take minutes. */
export function tellMaking(tell: OnMaking): void {
  onMaking = tell;
}

/**
 * The folder with this name. Where it is not there yet it is made under another name and appears when it is whole, so
 * that a run that is killed leaves nothing half, and two runs that make it at once both end with a whole one.
 */
export function cachedFolder(name: string, make: (folder: string) => void): string {
  const root = cacheRoot();
  const folder = join(root, name);
  if (isFolder(folder)) return folder;
  mkdirSync(root, { recursive: true });
  removeAbandoned(root);
  const unfinished = mkdtempSync(join(root, UNFINISHED));
  onMaking(name);
  try {
    make(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Somebody else was faster: theirs is as good.
    if (!isFolder(folder)) throw error;
  }
  return folder;
}

function removeAbandoned(root: string): void {
  for (const name of readdirSync(root)) {
    const path = join(root, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (name.startsWith(UNFINISHED) && Date.now() - changed > DAY_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
