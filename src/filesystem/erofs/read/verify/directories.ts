/** The tree: every directory from the root down, and every inode that has a name in one. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { isPlainName } from "../../../reading/plain-name.ts";
import { FILE_TYPE } from "../../format/directory.ts";
import { type PlacedEntry, placedEntries } from "../directory.ts";
import { type ErofsInode, readInode } from "../inode.ts";
import type { Check, NamedInode } from "./check.ts";
import { checkInode } from "./inodes.ts";

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
  for (const entry of placedEntries(volume, inode)) {
    yield;
    if (entry === undefined) continue;
    const { name } = entry;
    // A kernel searches by halves: a name out of its place is listed, and not found.
    findings.expect(
      before === undefined || before < name,
      entry.where,
      `the name ${name} is not in its place`,
    );
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
  findings.expect(isPlainName(name), where, `${JSON.stringify(name)} is no name`);
  const known = inodes.get(nid);
  if (known !== undefined) {
    known.names++;
    checkType(check, known, entry);
    findings.expect(known.type !== "directory", where, `the directory ${name} has another name`);
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
  const named = yield* checkNamed(check, inode);
  checkType(check, named, entry);
  if (inode.type !== "directory") return;
  const above = inodes.get(directory.number);
  if (above !== undefined) above.names++;
  waiting.push({ inode, parent: directory.number });
}

/** An inode when its first name is met. A directory counts its own '.', too, and then those that lead up to it. */
function* checkNamed(check: Check, inode: ErofsInode): Steps<NamedInode> {
  const { type, links, number } = inode;
  const named = { type, links, names: type === "directory" ? 2 : 1 };
  check.inodes.set(number, named);
  yield* check.findings.attemptSteps(checkInode(check, inode));
  return named;
}

function checkType({ findings }: Check, { type }: NamedInode, { name, fileType, where }: PlacedEntry): void {
  const wanted = FILE_TYPE[type];
  findings.expect(fileType === wanted, where, `the type of ${name} is ${fileType}, not ${wanted}`);
}
