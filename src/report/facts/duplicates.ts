import type { RegularFile } from "../../tree/inode.ts";
import type { FileList } from "./file-list.ts";
import { PathRoom } from "./path-room.ts";
import type { Duplicates, ImageReport } from "./report.ts";

interface Group extends Omit<Duplicates, "paths"> {
  readonly numbers: readonly number[];
}

/**
 * Files that have the same contents, those that waste the most first, as far as `room` is; files of no bytes waste
 * nothing.
 */
export function duplicatesIn(
  list: FileList,
  digestOf: (file: RegularFile) => Uint8Array,
  room = new PathRoom(),
): Pick<ImageReport, "duplicateBytes" | "duplicates" | "moreDuplicates"> {
  const groups = groupsIn(list, digestOf);
  groups.sort((a, b) => b.wastedBytes - a.wastedBytes || (a.numbers[0] ?? 0) - (b.numbers[0] ?? 0));
  const duplicates = groups.flatMap(({ numbers, ...sizes }): Duplicates[] => {
    const paths: string[] = [];
    for (const number of numbers) {
      const path = list.pathOf(number);
      if (!room.takes(path)) break;
      paths.push(path);
    }
    return paths.length === 0 ? [] : [{ ...sizes, paths }];
  });
  return {
    duplicateBytes: groups.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0),
    duplicates,
    moreDuplicates: groups.length - duplicates.length,
  };
}

function groupsIn(list: FileList, digestOf: (file: RegularFile) => Uint8Array): Group[] {
  const bySize = new Map<number, number[]>();
  for (const [number, { size }] of list.files()) {
    if (size === 0) continue;
    const known = bySize.get(size);
    if (known === undefined) bySize.set(size, [number]);
    else known.push(number);
  }
  const found: Group[] = [];
  for (const [bytes, numbers] of bySize) {
    if (numbers.length === 1) continue;
    for (const same of sameContents(list, numbers, digestOf))
      found.push({ bytes, wastedBytes: bytes * (same.length - 1), numbers: same });
  }
  return found;
}

/** Groups of two or more, each in ascending order. */
function sameContents(
  list: FileList,
  numbers: readonly number[],
  digestOf: (file: RegularFile) => Uint8Array,
): number[][] {
  const digestAt = (number: number): Uint8Array | undefined => {
    const inode = list.names[number]?.inode;
    return inode?.type === "file" ? digestOf(inode) : undefined;
  };
  // By the beginnings of digests, which are numbers: a text for each of a million files takes more than all else.
  const first = new Map<number, number>();
  const groups = new Map<string, number[]>();
  for (const number of numbers) {
    const digest = digestAt(number);
    if (digest === undefined) continue;
    const beginning = beginningOf(digest);
    const known = first.get(beginning);
    if (known === undefined) {
      first.set(beginning, number);
      continue;
    }
    const other = digestAt(known) ?? digest;
    addTo(groups, textOf(other), known);
    addTo(groups, textOf(digest), number);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

function addTo(groups: Map<string, number[]>, digest: string, number: number): void {
  const group = groups.get(digest);
  if (group === undefined) groups.set(digest, [number]);
  else if (group[0] !== number) group.push(number);
}

/** 48 bits. */
function beginningOf(digest: Uint8Array): number {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length);
  return view.getUint32(0) * 0x1_0000 + view.getUint16(4);
}

function textOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
}
