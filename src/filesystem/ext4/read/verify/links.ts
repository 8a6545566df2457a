/** Every file in use has the names that it counts, and every directory leads up to the root. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_LINK_MAX, EXT4_ROOT_INO } from "../../format/inode.ts";
import type { Check } from "./check.ts";

export function* checkLinks(check: Check): Steps<void> {
  yield* checkConnections(check);
  const { volume, findings, inodes, valueInodes } = check;
  const { fields, firstInode } = volume.superblock;
  const hidden = new Set([fields.s_journal_inum, fields.s_prj_quota_inum]);
  if (volume.has("orphan_file")) hidden.add(fields.s_orphan_file_inum);
  yield* inodes.each((number, type, links, names) => {
    // An inode with an attribute's value has no name, but counts as one.
    const counted = valueInodes.has(number) ? 1 : names;
    if (links === counted) return;
    if ((number < firstInode && number !== EXT4_ROOT_INO) || hidden.has(number)) return;
    // With dir_nlink, a directory stops counting when it has too many.
    if (type === "directory" && links === 1 && volume.has("dir_nlink") && counted >= EXT4_LINK_MAX) return;
    const what =
      counted === 0 ? "no directory has a name for it" : `it counts ${links} names and has ${counted}`;
    findings.add(inodeName(number), what);
  });
}

function* checkConnections({ findings, inodes, parents, dotDots }: Check): Steps<void> {
  const root = inodes.typeOf(EXT4_ROOT_INO);
  findings.expect(root === "directory", inodeName(EXT4_ROOT_INO), "the root is no directory");
  const connected = new Map([[EXT4_ROOT_INO, true]]);
  for (const [number, dotDot] of dotDots) {
    yield;
    const parent = number === EXT4_ROOT_INO ? EXT4_ROOT_INO : parents.get(number);
    const where = inodeName(number);
    findings.expect(parent === dotDot, where, `'..' leads to inode ${dotDot}, it is in ${parent ?? "none"}`);
    findings.expect(leadsUp(number, parents, connected), where, "the directory is not connected to the root");
  }
}

/** Follows parents until it is known of one whether it is connected; so are all on the way. */
function leadsUp(
  number: number,
  parents: ReadonlyMap<number, number>,
  connected: Map<number, boolean>,
): boolean {
  const way: number[] = [];
  let here: number | undefined = number;
  while (here !== undefined && !connected.has(here)) {
    way.push(here);
    // Whoever comes here again before it is known goes in a circle.
    connected.set(here, false);
    here = parents.get(here);
  }
  const known = here !== undefined && connected.get(here) === true;
  for (const on of way) connected.set(on, known);
  return known;
}
