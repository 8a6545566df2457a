/** Checks a whole filesystem, without changing anything. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { Findings } from "../../../reading/findings.ts";
import type { ImageReader } from "../../../reading/image.ts";
import type { Verification } from "../../../reading/verification.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../../format/superblock.ts";
import { type ErofsFilesystem, openErofs } from "../filesystem.ts";
import { readInode } from "../inode.ts";
import { Check } from "./check.ts";
import { checkTree } from "./directories.ts";
import { checkInode } from "./inodes.ts";

/**
 * Checks the superblock, and from the root down every inode, directory, attribute and link count, that blocks are in
 * the filesystem and nobody else's but where they may be shared, and that what is compressed can be decompressed; nothing
 * else of contents. Throws E_UNSUPPORTED for what this program cannot read, and E_IO.
 */
export function* verify(image: ImageReader): Steps<Verification> {
  const findings = new Findings();
  let filesystem: ErofsFilesystem | undefined;
  findings.attempt(() => {
    filesystem = openErofs(image);
  });
  const check = filesystem === undefined ? undefined : yield* runPasses(filesystem, findings);
  return {
    findings: findings.list,
    more: findings.more,
    inodes: check?.inodes.count ?? 0,
    directories: check?.directories ?? 0,
  };
}

function* runPasses(filesystem: ErofsFilesystem, findings: Findings): Steps<Check> {
  const { volume } = filesystem;
  const { fields, blockSize } = volume.superblock;
  const check = new Check(volume, findings);
  const size = fields.blocks * blockSize;
  findings.expect(
    size <= volume.image.size,
    "superblock",
    `says ${fields.blocks} blocks of ${blockSize} bytes, the image ends after ${volume.image.size} bytes`,
  );
  const end = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
  check.claims.add({ start: SUPERBLOCK_OFFSET, end, inode: undefined, isShared: false });
  yield* findings.attemptSteps(checkPacked(check));
  const hasRoot = yield* findings.attemptSteps(checkFromRoot(check, filesystem));
  if (hasRoot && check.namesAreComplete) yield* checkCounts(check);
  yield* check.claims.check(findings, size);
  return check;
}

function* checkFromRoot(check: Check, filesystem: ErofsFilesystem): Steps<void> {
  yield* checkTree(check, filesystem.root);
}

function hasPacked({ volume }: Check): boolean {
  return volume.has("fragments") && volume.superblock.fields.packed_nid !== 0;
}

/** It has no name. */
function* checkPacked(check: Check): Steps<void> {
  if (!hasPacked(check)) return;
  yield* checkInode(check, readInode(check.volume, check.volume.superblock.fields.packed_nid));
}

function* checkCounts(check: Check): Steps<void> {
  const { volume, findings, inodes } = check;
  yield* inodes.each((number, links, names) => {
    if (links !== names) findings.add(inodeName(number), `it counts ${links} names and has ${names}`);
  });
  const { inos } = volume.superblock.fields;
  const count = inodes.count + (hasPacked(check) ? 1 : 0);
  findings.expect(inos === count, "superblock", `it counts ${inos} inodes, there are ${count}`);
}
