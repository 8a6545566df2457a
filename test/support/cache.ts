/** What the tests fetch or compile once per machine and keep: a folder for each, beside that of the kernel. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemErrorCode } from "../../src/errors.ts";
import { ownerOf, scratchName } from "../../src/scratch/names.ts";

const UNFINISHED = "unfinished-";
/** A link to nothing that says which process makes the folder of the name that follows. */
const MAKING = "making-";
/** This process, in such a link. */
const SELF = scratchName();
/** Between two looks at what another process makes. */
const LOOK_MS = 100;
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
 * that a run that is killed leaves nothing half, and two runs that make it at once both end with a whole one. Who comes
 * while another process makes it waits for that: what is kept here takes minutes.
 */
export function cachedFolder(name: string, make: (folder: string) => void): string {
  const root = cacheRoot();
  const folder = join(root, name);
  if (isFolder(folder)) return folder;
  mkdirSync(root, { recursive: true });
  removeAbandoned(root);
  const claim = join(root, MAKING + name);
  while (!claimed(claim)) {
    Bun.sleepSync(LOOK_MS);
    if (isFolder(folder)) return folder;
  }
  try {
    return isFolder(folder) ? folder : made(root, name, make);
  } finally {
    if (claimantOf(claim) === SELF) rmSync(claim, { force: true });
  }
}

/**
 * Whether it is this process that makes it now: nobody else does, or nobody can be asked whether the other one still
 * runs. Two may take a claim over at once: the folder is whole in any case.
 */
function claimed(claim: string): boolean {
  const claimant = claimantOf(claim);
  if (claimant === SELF) return true;
  if (claimant !== undefined) {
    if (ownerOf(claimant) === "living") return false;
    rmSync(claim, { force: true });
  }
  try {
    symlinkSync(SELF, claim);
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    return false;
  }
}

function claimantOf(claim: string): string | undefined {
  try {
    return readlinkSync(claim);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    return undefined;
  }
}

function made(root: string, name: string, make: (folder: string) => void): string {
  const folder = join(root, name);
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
