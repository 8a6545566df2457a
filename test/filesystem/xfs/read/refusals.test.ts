/** What cannot be read is refused by its name; a log that holds changes says what to do. */
import { expect } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { viewOf } from "../../../../src/blocks/field.ts";
import { ImageFile, type ImageReader } from "../../../../src/filesystem/reading/image.ts";
import { AGF, AGF_SECTOR } from "../../../../src/filesystem/xfs/format/agf.ts";
import {
  ALLOC_RECORD_SIZE,
  SHORT_BTREE_BLOCK,
  SHORT_BTREE_HEADER,
  SHORT_POINTER_SIZE,
} from "../../../../src/filesystem/xfs/format/btree.ts";
import { seal } from "../../../../src/filesystem/xfs/format/checksum.ts";
import { SECTOR_SIZE, SUPERBLOCK } from "../../../../src/filesystem/xfs/format/superblock.ts";
import { openXfs } from "../../../../src/filesystem/xfs/read/filesystem.ts";
import { freeRuns } from "../../../../src/filesystem/xfs/read/free-space.ts";
import { inspect } from "../../../../src/filesystem/xfs/read/inspect.ts";
import { XFS_READER } from "../../../../src/filesystem/xfs/read/reader.ts";
import { finished, unpaused } from "../../../../src/waiting/steps.ts";
import { expectError } from "../../../support/expect-error.ts";
import { withMounted } from "../../../support/kernel-view.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { scratchFolder } from "../../../support/scratch.ts";
import { makeXfs } from "./support.ts";

const scratch = scratchFolder();

/** An empty image. */
function image(options: readonly string[] = []): ImageFile {
  makeXfs(scratch("image"), options);
  return new ImageFile(scratch("image"));
}

/** The image with other fields in its superblock, and the checksum that they ask for. */
function changed(sound: ImageReader, fields: Partial<Record<keyof typeof SUPERBLOCK, number>>): ImageReader {
  const head = sound.read(0, SECTOR_SIZE);
  for (const [name, value] of Object.entries(fields)) {
    SUPERBLOCK[name as "sb_crc"].put(viewOf(head), 0, value);
  }
  SUPERBLOCK.sb_crc.put(viewOf(head), 0, 0);
  seal(head, SUPERBLOCK.sb_crc);
  return {
    size: sound.size,
    read: (position, length) => (position === 0 ? head.slice(0, length) : sound.read(position, length)),
  };
}

testWith(
  ["mkfs.xfs"],
  "versions and features that are not understood are refused by name or bit",
  async () => {
    const sound = image();
    const attempts: [fields: Parameters<typeof changed>[1], said: string][] = [
      [{ sb_features_incompat: 0x10b }, "the feature metadir"],
      [{ sb_features_incompat: 0x4000_060b }, "the features zoned, zone_gaps, incompat 0x40000000"],
      [{ sb_rblocks: 1 }, "a realtime device"],
      [{ sb_versionnum: 0xb4b4 }, "XFS of version 4"],
    ];
    for (const [fields, said] of attempts) {
      await expectError(() => openXfs(changed(sound, fields)), "E_UNSUPPORTED", said);
    }
    sound.close();
  },
);

testWith(["mkfs.xfs"], "XFS of version 4 is refused as that", async () => {
  const old = image(["-m", "crc=0,finobt=0,reflink=0", "-i", "sparse=0"]);
  await expectError(() => openXfs(old), "E_UNSUPPORTED", "XFS of version 4: only version 5 can be read");
  old.close();
});

testWith(["mkfs.xfs"], "a superblock whose numbers contradict one another is refused", async () => {
  const sound = image();
  const attempts: [fields: Parameters<typeof changed>[1], said: string][] = [
    [{ sb_blocklog: 13 }, "blocks of 4096 bytes are impossible"],
    [{ sb_inodesize: 1024 }, "inodes of 1024 bytes"],
    [{ sb_agcount: 9 }, "9 allocation groups"],
    [{ sb_agblklog: 40 }, "allocation groups of"],
    [{ sb_dirblklog: 5 }, "directories"],
    [{ sb_sectlog: 40 }, "sectors"],
    [{ sb_inprogress: 1 }, "never finished"],
  ];
  for (const [fields, said] of attempts) {
    await expectError(() => openXfs(changed(sound, fields)), "E_INVALID_FILESYSTEM", said, "xfs_repair");
  }
  const flipped = {
    size: sound.size,
    read: (position: number, length: number) => {
      const bytes = sound.read(position, length);
      // A letter of the label.
      if (position === 0) bytes[SUPERBLOCK.sb_fname.offset] = 1;
      return bytes;
    },
  };
  await expectError(() => openXfs(flipped), "E_INVALID_FILESYSTEM", "superblock: its checksum is wrong");
  sound.close();
});

testWith(
  ["mkfs.xfs", "loop mount"],
  "a log that holds changes is refused, unless it is to be ignored",
  async () => {
    image().close();
    // The image as it is while it is mounted, and something was just made durable.
    withMounted(
      scratch("image"),
      "rw",
      (folder) => {
        writeFileSync(join(folder, "file"), "contents");
        runOk("sync", ["-d", join(folder, "file")]);
        runOk("sync", [join(folder, "file")]);
        copyFileSync(scratch("image"), scratch("dirty"));
      },
      "xfs",
    );
    const dirty = new ImageFile(scratch("dirty"));
    await expectError(
      () => openXfs(dirty),
      "E_NEEDS_RECOVERY",
      "the log holds changes",
      "mount the image and unmount it again",
      "--ignore-journal",
    );
    const opened = openXfs(dirty, { ignoreJournal: true });
    expect(inspect(opened)).toMatchObject({ type: "xfs", clean: false, log: "needs recovery" });
    dirty.close();
    // The remedy helps.
    withMounted(scratch("dirty"), "rw", () => undefined, "xfs");
    const mended = new ImageFile(scratch("dirty"));
    expect(inspect(openXfs(mended))).toMatchObject({ clean: true, log: "clean" });
    mended.close();
  },
);

testWith(
  ["mkfs.xfs", "loop mount", "xfs_repair"],
  "a log is clean after many rounds, and after xfs_repair -L",
  () => {
    image().close();
    const isClean = () => {
      const file = new ImageFile(scratch("image"));
      try {
        return inspect(openXfs(file)).clean;
      } finally {
        file.close();
      }
    };
    expect(isClean()).toBe(true);
    for (let round = 0; round < 4; round++) {
      withMounted(
        scratch("image"),
        "rw",
        (folder) => {
          for (let i = 0; i < 1500; i++) {
            writeFileSync(join(folder, `${i}`), `${round}`);
            if (i % 300 === 0) runOk("sync", ["-f", folder]);
          }
        },
        "xfs",
      );
      expect(isClean()).toBe(true);
    }
    runOk("xfs_repair", ["-L", "-f", scratch("image")]);
    expect(isClean()).toBe(true);
  },
);

/** A block of the first group, free in an empty image as all behind it are. */
const TOP = 5000;
const BLOCK = 4096;

/** The image with a tree of free space of `levels`, each node of which points to the one below as often as it can. */
function withRepeatingTree(sound: ImageReader, levels: number): ImageReader {
  const head = sound.read(0, BLOCK);
  const sector = head.subarray(AGF_SECTOR * SECTOR_SIZE, (AGF_SECTOR + 1) * SECTOR_SIZE);
  const root = AGF.agf_bno_root.get(viewOf(sector), 0);
  AGF.agf_bno_root.put(viewOf(sector), 0, TOP);
  AGF.agf_bno_level.put(viewOf(sector), 0, levels);
  AGF.agf_crc.put(viewOf(sector), 0, 0);
  seal(sector, AGF.agf_crc);
  const blocks = new Map([[0, head]]);
  for (let depth = 0; depth < levels; depth++) {
    const level = levels - 1 - depth;
    const bytes = sound.read(root * BLOCK, BLOCK).fill(0, SHORT_BTREE_HEADER);
    const view = viewOf(bytes);
    const room = Math.floor((BLOCK - SHORT_BTREE_HEADER) / (ALLOC_RECORD_SIZE + SHORT_POINTER_SIZE));
    SHORT_BTREE_BLOCK.bb_level.put(view, 0, level);
    SHORT_BTREE_BLOCK.bb_numrecs.put(view, 0, level === 0 ? 0 : room);
    SHORT_BTREE_BLOCK.bb_blkno.put(view, 0, ((TOP + depth) * BLOCK) / SECTOR_SIZE);
    for (let i = 0; level > 0 && i < room; i++) {
      const at = SHORT_BTREE_HEADER + room * ALLOC_RECORD_SIZE + i * SHORT_POINTER_SIZE;
      view.setUint32(at, TOP + depth + 1);
    }
    SHORT_BTREE_BLOCK.bb_crc.put(view, 0, 0);
    seal(bytes, SHORT_BTREE_BLOCK.bb_crc);
    blocks.set(TOP + depth, bytes);
  }
  return {
    size: sound.size,
    read: (position, length) => {
      const block = blocks.get(Math.floor(position / BLOCK));
      return block?.slice(position % BLOCK, (position % BLOCK) + length) ?? sound.read(position, length);
    },
  };
}

testWith(
  ["mkfs.xfs"],
  "a tree of free space that leads to nothing again and again is not gone through",
  async () => {
    const sound = image();
    const { volume } = openXfs(withRepeatingTree(sound, 2));
    await expectError(
      () => [...unpaused(freeRuns(volume, 0))],
      "E_INVALID_FILESYSTEM",
      "free space block 5001",
      "cannot have 0 entries",
    );
    sound.close();
  },
);

testWith(["mkfs.xfs"], "what has to be repaired is refused, and XFS is not verified", async () => {
  const sound = image();
  const hurt = changed(sound, { sb_features_incompat: 0x1b });
  await expectError(() => openXfs(hurt), "E_NEEDS_RECOVERY", "has to be repaired", "xfs_repair -f");
  await expectError(() => finished(XFS_READER.verify(sound)), "E_UNSUPPORTED", "xfs_repair -n -f");
  sound.close();
});
