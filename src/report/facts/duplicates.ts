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
  list.forEachFile((number, { size }) => {
    if (size === 0) return;
    const known = bySize.get(size);
    if (known === undefined) bySize.set(size, [number]);
    else known.push(number);
  });
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
  const isOf = (group: number[] | number, digest: Uint8Array): boolean => {
    const known = digestAt(typeof group === "number" ? group : (group[0] ?? 0));
    return known !== undefined && Buffer.compare(known, digest) === 0;
  };
  const addTo = (groups: number[][], number: number, digest: Uint8Array): void => {
    const group = groups.find((each) => isOf(each, digest));
    if (group === undefined) groups.push([number]);
    else group.push(number);
  };
  // By the beginnings of digests, which are numbers: a text for each of a million files takes more than all else.
  const beginnings = new Map<number, number[] | number>();
  /** Groups whose beginning another one has. */
  const others: number[][] = [];
  for (const number of numbers) {
    const digest = digestAt(number);
    if (digest === undefined) continue;
    const beginning = beginningOf(digest);
    const found = beginnings.get(beginning);
    if (found === undefined) beginnings.set(beginning, number);
    else if (!isOf(found, digest)) addTo(others, number, digest);
    else if (typeof found === "number") beginnings.set(beginning, [found, number]);
    else found.push(number);
  }
  const groups = [...others];
  for (const found of beginnings.values()) if (typeof found !== "number") groups.push(found);
  return groups.filter(({ length }) => length > 1);
}

/** 48 bits. */
function beginningOf(digest: Uint8Array): number {
  let beginning = 0;
  for (let at = 0; at < 6; at++) beginning = beginning * 0x100 + (digest[at] ?? 0);
  return beginning;
}
