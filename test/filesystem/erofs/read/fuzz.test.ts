/** Damaged images, in every form of contents. */
import { crc32cRegister } from "../../../../src/blocks/crc32c.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import { openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import { readInode } from "../../../../src/filesystem/erofs/read/inode.ts";
import { EROFS_READER } from "../../../../src/filesystem/erofs/read/reader.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { walk } from "../../../../src/filesystem/reading/walk.ts";
import { unpaused } from "../../../../src/waiting/steps.ts";
import { testWith } from "../../../support/oracles.ts";
import { expectOnlyOwnErrors, type Region } from "../../reading/mutations.ts";
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
      expectOnlyOwnErrors(name, EROFS_READER, { sound, regions: regionsOf(sound), rounds: ROUNDS, mend });
    },
  );
}

/** The superblock, every inode with what follows it, and the blocks of directories. */
function regionsOf(sound: Uint8Array): Region[] {
  const { volume, root } = openErofs(memoryImage(sound));
  const regions: Region[] = [
    { start: SUPERBLOCK_OFFSET, length: 128 },
    { start: root.position, length: 512 },
  ];
  for (const { inode } of unpaused(walk(openErofs(memoryImage(sound)), root, () => true))) {
    const { position, type, union, size } = readInode(volume, inode.number);
    regions.push({ start: position, length: 128 });
    if (type === "directory" && size > 4096) regions.push({ start: union * 4096, length: size });
  }
  return regions.filter(({ start, length }) => start + length < sound.length);
}

function mend(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, 0);
  const sum = crc32cRegister(0xffffffff, bytes.subarray(SUPERBLOCK_OFFSET, 4096));
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, sum);
}
