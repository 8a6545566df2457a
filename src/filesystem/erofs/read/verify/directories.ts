/** The tree: every directory from the root down, and every inode that has a name in one. */

import { finished, type Steps } from "../../../../waiting/steps.ts";
import { type FileType, inodeName } from "../../../reading/filesystem.ts";
import { isPlainName } from "../../../reading/plain-name.ts";
import { FILE_TYPE } from "../../format/directory.ts";
import { type PlacedEntry, placedEntries } from "../directory.ts";
import { type ErofsInode, readInode } from "../inode.ts";
import type { Check } from "./check.ts";
import { checkInode, isShort } from "./inodes.ts";

/** Entries that are looked at without a pause; each may have the block of an inode read. */
const PART = 4;

/** A directory that is still to be gone through. */
interface Waiting {
  readonly inode: ErofsInode;
  readonly parent: number;
}

export function* checkTree(check: Check, root: ErofsInode): Steps<void> {
  yield* checkNamed(check, root);
  const waiting: Waiting[] = [{ inode: root, parent: root.number }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    check.directories++;
    const found = yield* check.findings.attemptSteps(checkDirectory(check, next, waiting));
    if (!found) check.namesAreComplete = false;
  }
}

function* checkDirectory(check: Check, { inode, parent }: Waiting, waiting: Waiting[]): Steps<void> {
  const { findings, volume } = check;
  const where = inodeName(inode.number);
  const dots = new Map([
    [".", inode.number],
    ["..", parent],
  ]);
  let before: string | undefined;
  let entries = 0;
  for (const entry of placedEntries(volume, inode)) {
    if (entry === undefined || entries++ % PART === 0) yield;
    if (entry === undefined) continue;
    const { name } = entry;
    // A kernel searches by halves: a name out of its place is listed, and not found.
    if (before !== undefined && before >= name)
      findings.add(entry.where, `the name ${name} is not in its place`);
    before = name;
    const dot = dots.get(name);
    if (dot === undefined) yield* checkEntry(check, inode, entry, waiting);
    else checkDot(check, entry, dot);
    dots.delete(name);
  }
  for (const name of dots.keys()) findings.add(where, `it lacks '${name}'`);
}

function checkDot({ findings }: Check, { name, nid, fileType, where }: PlacedEntry, wanted: number): void {
  findings.expect(nid === wanted, where, `'${name}' leads to inode ${nid}, not ${wanted}`);
  findings.expect(fileType === FILE_TYPE.directory, where, `the type of '${name}' is ${fileType}`);
}

function* checkEntry(
  check: Check,
  directory: ErofsInode,
  entry: PlacedEntry,
  waiting: Waiting[],
): Steps<void> {
  const { findings, inodes, volume } = check;
  const { name, nid, where } = entry;
  if (!isPlainName(name)) findings.add(where, `${JSON.stringify(name)} is no name`);
  const known = inodes.find(nid);
  if (known >= 0) {
    const type = inodes.typeAt(known);
    inodes.countName(known);
    checkType(check, type, entry);
    if (type === "directory") findings.add(where, `the directory ${name} has another name`);
    return;
  }
  let inode: ErofsInode | undefined;
  findings.attempt(() => {
    inode = readInode(volume, nid);
  });
  if (inode === undefined) {
    check.namesAreComplete = false;
    return;
  }
  yield* checkNamed(check, inode);
  checkType(check, inode.type, entry);
  if (inode.type !== "directory") return;
  const above = inodes.find(directory.number);
  if (above >= 0) inodes.countName(above);
  waiting.push({ inode, parent: directory.number });
}

/** An inode when its first name is met. A directory counts its own '.', too, and then those that lead up to it. */
function* checkNamed(check: Check, inode: ErofsInode): Steps<void> {
  const { type, links, number } = inode;
  check.inodes.add(number, type, links, type === "directory" ? 2 : 1);
  if (isShort(inode)) check.findings.attempt(() => finished(checkInode(check, inode)));
  else yield* check.findings.attemptSteps(checkInode(check, inode));
}

function checkType(
  { findings }: Check,
  type: FileType | undefined,
  { name, fileType, where }: PlacedEntry,
): void {
  const wanted = type === undefined ? 0 : FILE_TYPE[type];
  if (fileType !== wanted) findings.add(where, `the type of ${name} is ${fileType}, not ${wanted}`);
}
