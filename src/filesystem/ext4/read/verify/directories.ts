/** Entries of all directories. */

import { viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { crc } from "../../format/checksum.ts";
import { DIRECTORY_TAIL_SIZE, FILE_TYPE } from "../../format/directory.ts";
import { EXT4_ROOT_INO } from "../../format/inode.ts";
import { broken } from "../broken.ts";
import { entriesIn, inlineParts, leafChecksum, type PlacedEntry } from "../directory.ts";
import { type FileInode, hasFlag, readInode } from "../inode.ts";
import { mappedRuns } from "../mapping.ts";
import { seedOfInode } from "../superblock.ts";
import type { Volume } from "../volume.ts";
import { type Check, countUp } from "./check.ts";
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
    for (const entry of entriesIn(check.volume, bytes, where)) names.add(entry, where);
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
    for (const entry of entriesIn(check.volume, bytes, where)) {
      names.add(entry, where);
      if (range !== undefined && range !== "index") index?.checkHash(entry, range, where);
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

/** The names of one directory. */
class Names {
  readonly #check: Check;
  readonly #inode: FileInode;
  readonly #seen = new Set<string>();
  #dots = 0;

  constructor(check: Check, inode: FileInode) {
    this.#check = check;
    this.#inode = inode;
  }

  get hasDots(): boolean {
    return this.#dots === 2;
  }

  /** What an inline directory says of "." and "..". */
  addDots(parent: number): void {
    this.#dots = 2;
    countUp(this.#check.names, this.#inode.number);
    countUp(this.#check.names, parent);
    this.#check.dotDots.set(this.#inode.number, parent);
  }

  add(entry: PlacedEntry, where: string): void {
    if (this.#dots < 2) {
      this.#addDot(entry, where);
      return;
    }
    if (entry.inode === 0) return;
    const { findings, names, parents, volume } = this.#check;
    const named = `${where}, entry at byte ${entry.at}`;
    const encrypted = hasFlag(this.#inode, "encrypted");
    const valid = encrypted || (!/[/\0]/.test(entry.name) && entry.name !== "." && entry.name !== "..");
    findings.expect(valid && entry.name !== "", named, "its name is not one");
    findings.expect(!this.#seen.has(entry.name), named, "the directory has its name twice");
    this.#seen.add(entry.name);
    countUp(names, entry.inode);
    const used = this.#check.inodes.get(entry.inode);
    const own = entry.inode < volume.superblock.firstInode && entry.inode !== EXT4_ROOT_INO;
    if (used === undefined || own) {
      findings.add(named, `${inodeName(entry.inode)} is not a file in use`);
      return;
    }
    this.#checkType(entry, used.type, named);
    if (used.type !== "directory") return;
    findings.expect(
      !parents.has(entry.inode) && entry.inode !== EXT4_ROOT_INO,
      named,
      "the directory has another name",
    );
    parents.set(entry.inode, this.#inode.number);
  }

  /** The first two entries of block 0. */
  #addDot(entry: PlacedEntry, where: string): void {
    const { findings, names, dotDots } = this.#check;
    const wanted = ".".repeat(this.#dots + 1);
    findings.expect(entry.name === wanted, where, `its entry at byte ${entry.at} is not '${wanted}'`);
    findings.expect(entry.terminated, where, `'${wanted}' does not end with a zero`);
    this.#checkType(entry, "directory", where);
    if (this.#dots === 0) {
      findings.expect(entry.inode === this.#inode.number, where, "'.' leads elsewhere");
      findings.expect(entry.size === 12, where, "'.' is too long");
    } else dotDots.set(this.#inode.number, entry.inode);
    countUp(names, entry.inode);
    this.#dots++;
  }

  #checkType({ fileType }: PlacedEntry, type: string | undefined, where: string): void {
    const wanted = this.#check.volume.has("filetype") ? TYPE_CODES[type ?? ""] : 0;
    this.#check.findings.expect(fileType === wanted, where, `its type is ${fileType}, not ${wanted}`);
  }
}
