import type { RegularFile } from "../../tree/inode.ts";
import type { FileList } from "./file-list.ts";
import type { Duplicates } from "./report.ts";

/** Files that have the same contents, those that waste the most first; files of no bytes waste nothing. */
export function duplicatesIn(list: FileList, digestOf: (file: RegularFile) => Uint8Array): Duplicates[] {
  const bySize = new Map<number, number[]>();
  for (const [number, { size }] of list.files()) {
    if (size === 0) continue;
    const known = bySize.get(size);
    if (known === undefined) bySize.set(size, [number]);
    else known.push(number);
  }
  const found: Duplicates[] = [];
  for (const [bytes, numbers] of bySize) {
    if (numbers.length === 1) continue;
    for (const group of sameContents(list, numbers, digestOf)) {
      const paths = group.map((number) => list.pathOf(number));
      found.push({ bytes, wastedBytes: bytes * (group.length - 1), paths });
    }
  }
  return found.sort(
    (a, b) => b.wastedBytes - a.wastedBytes || ((a.paths[0] ?? "") < (b.paths[0] ?? "") ? -1 : 1),
  );
}

function sameContents(
  list: FileList,
  numbers: readonly number[],
  digestOf: (file: RegularFile) => Uint8Array,
): number[][] {
  const byDigest = new Map<string, number[]>();
  for (const number of numbers) {
    const inode = list.names[number]?.inode;
    if (inode?.type !== "file") continue;
    const digest = Buffer.from(digestOf(inode)).toString("latin1");
    const known = byDigest.get(digest);
    if (known === undefined) byDigest.set(digest, [number]);
    else known.push(number);
  }
  return [...byDigest.values()].filter(({ length }) => length > 1);
}
