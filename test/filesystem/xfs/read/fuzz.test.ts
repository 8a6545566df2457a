/** Damaged images, with checksums made right again, so that what is behind them is reached. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NumberField, viewOf } from "../../../../src/blocks/field.ts";
import { ImageFile, type ImageReader } from "../../../../src/filesystem/reading/image.ts";
import { walk } from "../../../../src/filesystem/reading/walk.ts";
import { AGF, AGF_SECTOR } from "../../../../src/filesystem/xfs/format/agf.ts";
import { ATTR_VALUE_BLOCK, XFS_ATTR3_RMT_MAGIC } from "../../../../src/filesystem/xfs/format/attribute.ts";
import {
  BTREE_MAGIC,
  LONG_BTREE_BLOCK,
  SHORT_BTREE_BLOCK,
} from "../../../../src/filesystem/xfs/format/btree.ts";
import { seal } from "../../../../src/filesystem/xfs/format/checksum.ts";
import { DA_BLOCK, DA_MAGIC } from "../../../../src/filesystem/xfs/format/da-block.ts";
import { DIRECTORY_BLOCK, DIRECTORY_MAGIC } from "../../../../src/filesystem/xfs/format/directory.ts";
import { INODE, INODE_SIZE, XFS_DINODE_MAGIC } from "../../../../src/filesystem/xfs/format/inode.ts";
import { SECTOR_SIZE, SUPERBLOCK } from "../../../../src/filesystem/xfs/format/superblock.ts";
import { SYMLINK_BLOCK, XFS_SYMLINK_MAGIC } from "../../../../src/filesystem/xfs/format/symlink.ts";
import { openXfs } from "../../../../src/filesystem/xfs/read/filesystem.ts";
import { mappedRuns } from "../../../../src/filesystem/xfs/read/mapping.ts";
import { XFS_READER } from "../../../../src/filesystem/xfs/read/reader.ts";
import { unpaused } from "../../../../src/waiting/steps.ts";
import { withMounted } from "../../../support/kernel-view.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { BLOCK, expectOnlyOwnErrors, type Region } from "../../reading/mutations.ts";
import { makeXfs, withFolder } from "./support.ts";

const ROUNDS = 1500;
const AGF_SIZE = 224;

testWith(
  ["mkfs.xfs", "loop mount", "setfattr"],
  "no damage makes it hang, fall over or leave its folder",
  () => {
    withFolder((folder) => {
      const path = join(folder, "image");
      makeXfs(path, []);
      withMounted(path, "rw", fill, "xfs");
      const sound = new ImageFile(path);
      const regions = regionsOf(sound);
      expectOnlyOwnErrors("xfs", XFS_READER, { sound, regions, rounds: ROUNDS, mend });
      sound.close();
    });
  },
);

function fill(folder: string): void {
  for (const [name, count] of Object.entries({ few: 3, some: 30, many: 60 })) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < count; i++) writeFileSync(join(folder, name, `${name}-${"n".repeat(60)}-${i}`), "");
  }
  writeFileSync(join(folder, "few/contents"), "contents");
  symlinkSync("x".repeat(400), join(folder, "few/far"));
  for (let i = 0; i < 40; i++) {
    runOk("setfattr", ["-n", `user.name-${i}`, "-v", "v".repeat(200), join(folder, "few/contents")]);
  }
  runOk("setfattr", ["-n", "user.far", "-v", "v".repeat(5000), join(folder, "some")]);
}

/** The superblock, every inode, and every block that describes something. */
function regionsOf(sound: ImageReader): Region[] {
  const filesystem = openXfs(sound);
  const { volume, root } = filesystem;
  const agf = { start: AGF_SECTOR * SECTOR_SIZE, length: AGF_SIZE };
  const freeTree = AGF.agf_bno_root.get(viewOf(sound.read(agf.start, agf.length)), 0);
  const freeSpace = [agf, { start: freeTree * BLOCK, length: 256 }];
  // There are far more of all others.
  const regions: Region[] = [{ start: 0, length: 264 }, ...freeSpace, ...freeSpace, ...freeSpace];
  const all = [root, ...[...unpaused(walk(filesystem, root, () => true))].map(({ inode }) => inode)];
  for (const inode of all) {
    const block = Math.floor(inode.number / (BLOCK / INODE_SIZE));
    const at = volume.position(block, 1, "inode") + (inode.number % (BLOCK / INODE_SIZE)) * INODE_SIZE;
    regions.push({ start: at, length: INODE_SIZE });
    for (const fork of [inode.data, inode.attributes]) {
      if (fork?.format !== "extents" || (fork === inode.data && inode.type === "file")) continue;
      for (const { physical, length } of unpaused(mappedRuns(volume, inode, fork))) {
        for (let i = 0; i < length; i++) {
          regions.push({ start: volume.position(physical + i, 1, "block"), length: BLOCK });
        }
      }
    }
  }
  return regions;
}

/** By magic number: where it is, what it may be, and where the checksum is. */
const SEALED: readonly [field: NumberField, values: readonly number[], crc: NumberField][] = [
  [DIRECTORY_BLOCK.magic, Object.values(DIRECTORY_MAGIC), DIRECTORY_BLOCK.crc],
  [DA_BLOCK.magic, Object.values(DA_MAGIC), DA_BLOCK.crc],
  [LONG_BTREE_BLOCK.bb_magic, [BTREE_MAGIC.bmap], LONG_BTREE_BLOCK.bb_crc],
  [SHORT_BTREE_BLOCK.bb_magic, [BTREE_MAGIC.bno], SHORT_BTREE_BLOCK.bb_crc],
  [ATTR_VALUE_BLOCK.rm_magic, [XFS_ATTR3_RMT_MAGIC], ATTR_VALUE_BLOCK.rm_crc],
  [SYMLINK_BLOCK.sl_magic, [XFS_SYMLINK_MAGIC], SYMLINK_BLOCK.sl_crc],
];

function mend(block: Uint8Array, number: number): void {
  if (number === 0) {
    reseal(block.subarray(0, SECTOR_SIZE), SUPERBLOCK.sb_crc);
    reseal(block.subarray(AGF_SECTOR * SECTOR_SIZE, (AGF_SECTOR + 1) * SECTOR_SIZE), AGF.agf_crc);
    return;
  }
  const view = viewOf(block);
  const found = SEALED.find(([field, values]) => values.includes(field.get(view, 0)));
  if (found !== undefined) {
    reseal(block, found[2]);
    return;
  }
  for (let at = 0; at < BLOCK; at += INODE_SIZE) {
    const inode = block.subarray(at, at + INODE_SIZE);
    if (INODE.di_magic.get(viewOf(inode), 0) === XFS_DINODE_MAGIC) reseal(inode, INODE.di_crc);
  }
}

function reseal(bytes: Uint8Array, crc: NumberField): void {
  crc.put(viewOf(bytes), 0, 0);
  seal(bytes, crc);
}
