/** Damaged images, in every form of contents. */
import { crc32cRegister } from "../../../../src/blocks/crc32c.ts";
import { viewOf } from "../../../../src/blocks/field.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import { openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import { readInode } from "../../../../src/filesystem/erofs/read/inode.ts";
import { EROFS_READER } from "../../../../src/filesystem/erofs/read/reader.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { walk } from "../../../../src/filesystem/reading/walk.ts";
import { unpaused } from "../../../../src/waiting/steps.ts";
import { testWith } from "../../../support/oracles.ts";
import { BLOCK, expectOnlyOwnErrors, type Region } from "../../reading/mutations.ts";
import { smallErofs } from "./support.ts";

const FORMS: Readonly<Record<string, string>> = {
  plain: "-x1",
  "chunks with indexes": "-Eforce-chunk-indexes --chunksize=4096",
  "compact indexes": "-zlz4 -C16384",
  "full indexes": "-zlz4 -Elegacy-compress",
  "ends behind indexes": "-zlz4 -Eztailpacking",
};
const ROUNDS = 300;

for (const [name, options] of Object.entries(FORMS)) {
  testWith(
    ["mkfs.erofs", "setfattr"],
    `${name}: no damage makes it hang, fall over or leave its folder`,
    () => {
      const sound = smallErofs(options.split(" "));
      expectOnlyOwnErrors(name, EROFS_READER, {
        sound: memoryImage(sound),
        regions: regionsOf(sound),
        rounds: ROUNDS,
        mend,
      });
    },
  );
}

/** The superblock, every inode with what follows it, and the blocks of directories. */
function regionsOf(sound: Uint8Array): Region[] {
  const { volume, root } = openErofs(memoryImage(sound));
  const regions: Region[] = [{ start: SUPERBLOCK_OFFSET, length: 128 }];
  const inodes = [
    root,
    ...[...unpaused(walk(openErofs(memoryImage(sound)), root, () => true))].map(({ inode }) => inode),
  ];
  for (const { number, type, size } of inodes) {
    const { position, union } = readInode(volume, number);
    regions.push({ start: position, length: Math.min(160, BLOCK - (position % BLOCK)) });
    for (let at = 0; type === "directory" && at + BLOCK <= size; at += BLOCK) {
      regions.push({ start: union * BLOCK + at, length: BLOCK });
    }
  }
  return regions;
}

function mend(block: Uint8Array, number: number): void {
  if (number !== 0) return;
  const view = viewOf(block);
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, 0);
  const sum = crc32cRegister(0xffffffff, block.subarray(SUPERBLOCK_OFFSET));
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, sum);
}
