/** Whose the files are that a folder holds: as they are there, or as a container would have them. */
import { Docker2vmError } from "../errors.ts";
import type { IdRange, Ownership } from "../source/source.ts";

/** A number on the disk to the one in the image. */
export type MapId = (id: number) => number;

/** Whose a file is in the image. */
export interface IdMaps {
  readonly uid: MapId;
  readonly gid: MapId;
  /** Of those that its attributes name: one owner of all files changes none of these. */
  readonly named: { readonly uid: MapId; readonly gid: MapId };
}

/** uid_t has 32 bits, and all of them set is no user. */
const IDS = 2 ** 32 - 1;

/** Throws E_USAGE for what is no user, no range, or two answers for one number. */
export function idMaps({ owner, mapUid = [], mapGid = [] }: Ownership): IdMaps {
  for (const range of [...mapUid, ...mapGid]) checkRange(range);
  checkApart(mapUid);
  checkApart(mapGid);
  const named = { uid: mapped(mapUid), gid: mapped(mapGid) };
  if (owner === undefined) return { ...named, named };
  if (mapUid.length + mapGid.length > 0) {
    throw new Docker2vmError("E_USAGE", "one owner of all files leaves nothing to be mapped", {
      hint: "give either --owner, or --map-uid and --map-gid",
    });
  }
  checkRange({ from: 0, to: owner.uid });
  checkRange({ from: 0, to: owner.gid });
  return { uid: () => owner.uid, gid: () => owner.gid, named };
}

function mapped(ranges: readonly IdRange[]): MapId {
  return (id) => {
    const range = ranges.find(({ from, count = 1 }) => id >= from && id < from + count);
    return range === undefined ? id : id - range.from + range.to;
  };
}

function checkRange({ from, to, count = 1 }: IdRange): void {
  const isPossible =
    [from, to, count].every((number) => Number.isSafeInteger(number) && number >= 0) &&
    count > 0 &&
    Math.max(from, to) + count <= IDS;
  if (isPossible) return;
  throw new Docker2vmError(
    "E_USAGE",
    `${count} users or groups from ${from} on cannot become those from ${to} on`,
    {
      hint: `they are whole numbers below ${IDS}, and one or more`,
    },
  );
}

function checkApart(ranges: readonly IdRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  for (const [i, { from, count = 1 }] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next === undefined || from + count <= next.from) continue;
    throw new Docker2vmError("E_USAGE", `${next.from} is mapped twice`, { hint: "give each number once" });
  }
}
