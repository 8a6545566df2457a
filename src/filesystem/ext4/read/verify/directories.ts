/** Entries of all directories. */

import { viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { type FileType, inodeName } from "../../../reading/filesystem.ts";
import { crc } from "../../format/checksum.ts";
import { DIRECTORY_TAIL_SIZE, FILE_TYPE } from "../../format/directory.ts";
import { EXT4_ROOT_INO } from "../../format/inode.ts";
import { broken } from "../broken.ts";
import { EntryCursor, inlineParts, leafChecksum } from "../directory.ts";
import { type FileInode, hasFlag, readInode } from "../inode.ts";
import { mappedRuns } from "../mapping.ts";
import { seedOfInode } from "../superblock.ts";
import type { Volume } from "../volume.ts";
import type { Check } from "./check.ts";
import { IndexCheck } from "./directory-index.ts";

const TYPE_CODES: Readonly<Record<string, number>> = FILE_TYPE;

export function* checkDirectories(check: Check): Steps<void> {
  for (const number of check.directories) {
    yield;
    if (!(yield* check.findings.attemptSteps(checkDirectory(check, number)))) check.namesAreComplete = false;
  }
}

function* checkDirectory(check: Check, number: number): Steps<void> {
  const inode = readInode(check.volume, number);
  const names = new Names(check, inode);
  if (hasFlag(inode, "inline")) checkInline(check, inode, names);
  else yield* checkBlocks(check, inode, names);
  check.findings.expect(names.hasDots, inodeName(number), "it lacks '.' or '..'");
}

function checkInline(check: Check, inode: FileInode, names: Names): void {
  const where = inodeName(inode.number);
  names.addDots(viewOf(inode.fields.i_block).getUint32(0, true));
  for (const bytes of inlineParts(inode)) {
    const entry = new EntryCursor(check.volume, bytes, where);
    while (entry.next()) names.add(entry, entry.name, where);
  }
}

function* checkBlocks(check: Check, inode: FileInode, names: Names): Steps<void> {
  const blocks = yield* blocksOf(check.volume, inode);
  const seed = seedOfInode(check.volume.superblock.seed, inode.number, inode.fields.i_generation);
  const index = hasFlag(inode, "indexed") ? new IndexCheck(check, inode, blocks, seed) : undefined;
  const ranges = index === undefined ? undefined : yield* index.ranges();
  for (let logical = 0; logical < blocks.length; logical++) {
    yield;
    const where = `${inodeName(inode.number)}, directory block ${logical}`;
    const physical = blocks[logical];
    if (physical === undefined) throw broken(where, "there is none");
    const bytes = check.volume.block(physical, where);
    const range = ranges?.get(logical);
    if (ranges !== undefined && range === undefined) throw broken(where, "the index does not lead to it");
    if (range !== "index" && check.volume.has("metadata_csum")) checkTail(check, bytes, seed, where);
    const entry = new EntryCursor(check.volume, bytes, where);
    while (entry.next()) {
      const { name } = entry;
      names.add(entry, name, where);
      if (range !== undefined && range !== "index") index?.checkHash(entry, name, range, where);
    }
  }
}

/** The image's block for each block of the directory. */
function* blocksOf(volume: Volume, inode: FileInode): Steps<number[]> {
  const blocks: number[] = [];
  for (const run of mappedRuns(volume, inode)) {
    yield;
    if (run === undefined) continue;
    for (let i = 0; i < run.length; i++) blocks[run.logical + i] = run.physical + i;
  }
  return blocks;
}

function checkTail({ findings }: Check, bytes: Uint8Array, seed: number, where: string): void {
  const checksum = leafChecksum(bytes);
  const right = crc(seed, bytes.subarray(0, bytes.length - DIRECTORY_TAIL_SIZE)) === checksum;
  findings.expect(right, where, checksum === undefined ? "it has no checksum" : "its checksum is wrong");
}

/** Whether an inode is the filesystem's, so that no directory has a name for it. */
function isOwn({ superblock }: Volume, inode: number): boolean {
  const { s_orphan_file_inum, s_prj_quota_inum } = superblock.fields;
  const reserved = inode < superblock.firstInode && inode !== EXT4_ROOT_INO;
  return reserved || inode === s_orphan_file_inum || inode === s_prj_quota_inum;
}

/** The names of one directory. */
class Names {
  readonly #check: Check;
  readonly #inode: FileInode;
  readonly #seen = new Set<string>();
  readonly #isEncrypted: boolean;
  readonly #hasTypes: boolean;
  #dots = 0;

  constructor(check: Check, inode: FileInode) {
    this.#check = check;
    this.#inode = inode;
    this.#isEncrypted = hasFlag(inode, "encrypted");
    this.#hasTypes = check.volume.has("filetype");
  }

  get hasDots(): boolean {
    return this.#dots === 2;
  }

  /** What an inline directory says of "." and "..". */
  addDots(parent: number): void {
    this.#dots = 2;
    this.#check.inodes.countName(this.#inode.number);
    this.#check.inodes.countName(parent);
    this.#check.dotDots.set(this.#inode.number, parent);
  }

  add(entry: EntryCursor, name: string, where: string): void {
    if (this.#dots < 2) {
      this.#addDot(entry, name, where);
      return;
    }
    const { inode } = entry;
    if (inode === 0) return;
    const { findings, inodes, volume } = this.#check;
    const add = (what: string): void => findings.add(`${where}, entry at byte ${entry.at}`, what);
    if (!this.#isName(name)) add("its name is not one");
    const before = this.#seen.size;
    if (this.#seen.add(name).size === before) add("the directory has its name twice");
    inodes.countName(inode);
    if (isOwn(volume, inode) || !inodes.has(inode)) {
      add(`${inodeName(inode)} is not a file in use`);
      return;
    }
    const type = inodes.typeOf(inode);
    const wanted = this.#codeOf(type);
    if (entry.fileType !== wanted) add(`its type is ${entry.fileType}, not ${wanted}`);
    if (type === "directory" && !this.#hold(inode)) add("the directory has another name");
  }

  #isName(name: string): boolean {
    if (name === "") return false;
    return this.#isEncrypted || (!/[/\0]/.test(name) && name !== "." && name !== "..");
  }

  /** Notes that the directory is in this one; false if it is in another already, or the root. */
  #hold(directory: number): boolean {
    const { parents } = this.#check;
    const isFirst = !parents.has(directory) && directory !== EXT4_ROOT_INO;
    parents.set(directory, this.#inode.number);
    return isFirst;
  }

  /** The first two entries of block 0. */
  #addDot(entry: EntryCursor, name: string, where: string): void {
    const { findings, inodes, dotDots } = this.#check;
    const wanted = ".".repeat(this.#dots + 1);
    const { inode, fileType } = entry;
    findings.expect(name === wanted, where, `its entry at byte ${entry.at} is not '${wanted}'`);
    findings.expect(entry.isTerminated, where, `'${wanted}' does not end with a zero`);
    const code = this.#codeOf("directory");
    findings.expect(fileType === code, where, `its type is ${fileType}, not ${code}`);
    if (this.#dots === 0) {
      findings.expect(inode === this.#inode.number, where, "'.' leads elsewhere");
      findings.expect(entry.size === 12, where, "'.' is too long");
    } else dotDots.set(this.#inode.number, inode);
    inodes.countName(inode);
    this.#dots++;
  }

  /** The byte that an entry has for a type; undefined for none that there is. */
  #codeOf(type: FileType | undefined): number | undefined {
    return this.#hasTypes ? TYPE_CODES[type ?? ""] : 0;
  }
}
