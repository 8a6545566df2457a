/** Images that a kernel had mounted when they were copied: read as that kernel shows them after its own replay. */
import { expect } from "bun:test";
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { encode, viewOf } from "../../../../src/blocks/field.ts";
import { JOURNAL_SUPERBLOCK } from "../../../../src/filesystem/ext4/format/journal.ts";
import { Volume } from "../../../../src/filesystem/ext4/read/volume.ts";
import { ImageFile, memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectError } from "../../../support/expect-error.ts";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { expectCleanFilesystem, run, runOk, testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import { differentBlocks, replayedByDebugfs } from "./journal-images.ts";
import { type Copy, LogWriter } from "./log-writer.ts";
import { makeForeign, withFilesystem, withFolder } from "./support.ts";
import { openJournal, readJournalFile, recover, scanLog, verify } from "./unpaused.ts";

interface Form {
  /** Options of mke2fs and of mount. */
  readonly make: string;
  readonly mount?: string;
  readonly before?: (image: string) => void;
  /** Whether blocks of deleted directories are taken back; those that are journaled again are not. */
  readonly revokes?: false;
}

/** No commit but those that sync asks for: nothing moves while the image is copied. */
const STILL = "commit=300";

const FORMS: Readonly<Record<string, Form>> = {
  "ext4 as it is now": { make: "-t ext4 -b 4096" },
  "blocks of 1 KiB": { make: "-t ext4 -b 1024" },
  "contents in the journal, some of them like its own blocks": {
    make: "-t ext4 -b 4096",
    mount: "data=journal",
    revokes: false,
  },
  "ext4 without checksums": { make: "-t ext4 -O ^metadata_csum" },
  "a checksum of each transaction": { make: "-t ext4 -O ^metadata_csum", mount: "journal_checksum" },
  "asynchronous commits": { make: "-t ext4 -O ^metadata_csum", mount: "data=writeback,journal_async_commit" },
  "asynchronous commits and checksums of blocks": {
    make: "-t ext4",
    mount: "data=writeback,journal_async_commit",
  },
  "checksums and tags of 32 bits": { make: "-t ext4 -O ^64bit" },
  "an orphan file": { make: "-t ext4 -O orphan_file" },
  ext3: { make: "-t ext3" },
  "numbers of transactions that go on at 0": {
    make: "-t ext4 -b 4096 -O ^metadata_csum",
    before: (image) => setSequence(image, 0xfffffffc),
  },
};

for (const [name, form] of Object.entries(FORMS)) {
  testWith(["mke2fs", "debugfs", "e2fsck", "loop mount", "setfattr"], name, () => {
    withFolder((folder) => {
      const copy = dirtyCopy(folder, form);
      const dirty = readFileSync(copy);
      const { volume, replay } = recover(new ImageFile(copy));
      expect(replay?.transactions).toBeGreaterThan(3);
      expect(replay?.blocks).toBeGreaterThan(20);
      if (form.revokes !== false) expect(replay?.revoked).toBeGreaterThan(0);
      const replayed = replayedByDebugfs(dirty);
      expect(differentBlocks(volume.image, replayed, volume.superblock.blockSize)).toEqual([]);
      const got = withFilesystem(copy, readerView);
      expect(verify(new ImageFile(copy)).findings).toEqual([]);
      expect(Buffer.compare(readFileSync(copy), dirty)).toBe(0);
      expect(differences(got, withMounted(copy, "rw,noatime", kernelView))).toEqual([]);
      expectCleanFilesystem(copy);
    });
  });
}

/** A copy of an image while it is mounted, made right after a commit. */
function dirtyCopy(folder: string, { make, mount, before }: Form): string {
  const image = join(folder, "image");
  const copy = join(folder, "copy");
  makeForeign(image, "64M", make.split(" "));
  before?.(image);
  const options = ["rw", "noatime", STILL, ...(mount === undefined ? [] : [mount])].join(",");
  withMounted(image, options, (top) => {
    work(top);
    copyFileSync(image, copy);
  });
  return copy;
}

/**
 * Several transactions; blocks of directories that are deleted become those of files. To sync one file commits and
 * puts nothing in place, so all of them stay in the log.
 */
function work(top: string): void {
  for (let round = 0; round < 4; round++) {
    const folder = join(top, `round-${round}`);
    mkdirSync(folder);
    for (let i = 0; i < 150; i++) writeFileSync(join(folder, `a-name-that-takes-room-${i}`), `${round} ${i}`);
    for (let i = 0; i < 150; i += 2) unlinkSync(join(folder, `a-name-that-takes-room-${i}`));
    linkSync(join(folder, "a-name-that-takes-room-1"), join(folder, "linked"));
    renameSync(join(folder, "a-name-that-takes-room-3"), join(folder, "renamed"));
    runOk("setfattr", ["-n", "user.long", "-v", "v".repeat(500), join(folder, "linked")]);
    writeFileSync(join(folder, "like-a-journal"), Buffer.alloc(40_000, magicBlock()));
    runOk("sync", [join(folder, "like-a-journal")]);
    if (round < 2) continue;
    rmSync(join(top, `round-${round - 2}`), { recursive: true });
    runOk("sync", [top]);
    writeFileSync(join(folder, "in-its-place"), Buffer.alloc(200_000, `round ${round}`));
    runOk("sync", [join(folder, "in-its-place")]);
  }
}

/** 1 KiB that begins as blocks of a journal do. */
function magicBlock(): Buffer {
  const block = Buffer.alloc(1024, 0x77);
  block.writeUInt32BE(0xc03b3998);
  return block;
}

function setSequence(path: string, sequence: number): void {
  const bytes = readFileSync(path);
  const [first] = readJournalFile(new Volume(memoryImage(bytes))).runs;
  encode(JOURNAL_SUPERBLOCK, viewOf(bytes), (first?.physical ?? 0) * 4096, { s_sequence: sequence });
  writeFileSync(path, bytes);
}

testWith(["mke2fs", "debugfs", "loop mount"], "a log that is gone round in, after each commit", () => {
  withFolder((folder) => {
    const image = join(folder, "image");
    const copy = join(folder, "copy");
    makeForeign(image, "8M", ["-t", "ext4", "-b", "1024"]);
    let round = 0;
    withMounted(image, `rw,${STILL}`, (top) => {
      for (let i = 0; i < 150; i++) {
        mkdirSync(join(top, `${i}`));
        writeFileSync(join(top, `${i}`, "file"), `${i}`);
        if (i > 3) rmSync(join(top, `${i - 4}`), { recursive: true });
        runOk("sync", [join(top, `${i}`, "file")]);
        copyFileSync(image, copy);
        if (!goesRound(copy)) continue;
        round++;
        const { volume } = recover(new ImageFile(copy));
        expect(differentBlocks(volume.image, replayedByDebugfs(readFileSync(copy)), 1024)).toEqual([]);
        expect(verify(new ImageFile(copy)).findings).toEqual([]);
      }
    });
    expect(round).toBeGreaterThan(2);
  });
});

function goesRound(path: string): boolean {
  const journal = openJournal(new Volume(new ImageFile(path)));
  const { records } = scanLog(journal);
  return records.some(({ index }) => index < (records[0]?.index ?? 0));
}

testWith(
  ["mke2fs", "debugfs", "e2fsck", "resize2fs"],
  "a filesystem that has grown since: its journal knows blocks that its superblock does not",
  () => {
    withFolder((folder) => {
      const path = join(folder, "image");
      makeForeign(path, "8M", ["-t", "ext4", "-b", "1024"]);
      runOk("truncate", ["-s", "24M", path]);
      const small = new Uint8Array(readFileSync(path));
      runOk("resize2fs", [path, "24M"]);
      const large = new Uint8Array(readFileSync(path));
      const log = new LogWriter(small.slice(), { features: ["revoke", "csum_v3"] });
      // The journal's own head, which resize2fs writes anew, does not go through the journal.
      log.transaction(changedBlocks(small, large).filter(({ block }) => block !== log.place(0)));
      const { volume } = recover(memoryImage(log.image));
      expect(volume.superblock.blocks).toBe(24_576);
      expect(differentBlocks(volume.image, replayedByDebugfs(log.image), 1024)).toEqual([]);
      expect(verify(memoryImage(log.image)).findings).toEqual([]);
    });
  },
);

function changedBlocks(before: Uint8Array, after: Uint8Array): Copy[] {
  const copies: Copy[] = [];
  for (let at = 0; at < after.length; at += 1024) {
    const bytes = after.subarray(at, at + 1024);
    if (Buffer.compare(bytes, before.subarray(at, at + 1024)) !== 0) copies.push({ block: at / 1024, bytes });
  }
  return copies;
}

for (const [name, features] of [
  ["listed one after the other", "^orphan_file"],
  ["in a file of them", "orphan_file"],
] as const) {
  testWith(
    ["mke2fs", "debugfs", "e2fsck", "loop mount"],
    `deleted files that were open, ${name}, are faults for verify as for e2fsck -fn`,
    () => {
      withFolder((folder) => {
        const image = join(folder, "image");
        const copy = join(folder, "copy");
        makeForeign(image, "32M", ["-t", "ext4", "-O", features]);
        withMounted(image, `rw,${STILL}`, (top) => {
          const held = ["one", "two"].map((file) => {
            writeFileSync(join(top, file), "contents");
            return openSync(join(top, file), "r");
          });
          for (const file of ["one", "two"]) unlinkSync(join(top, file));
          runOk("sync", ["-f", top]);
          copyFileSync(image, copy);
          for (const fd of held) closeSync(fd);
        });
        const found = verify(new ImageFile(copy)).findings.map(({ what }) => what);
        expect(found).toContain("it is deleted without a time of that");
        writeFileSync(copy, replayedByDebugfs(readFileSync(copy)));
        expect(run("e2fsck", ["-fn", copy]).status).toBe(4);
      });
    },
  );
}

testWith(["mke2fs", "loop mount"], "fast commits are refused, and not left out in silence", async () => {
  const bytes = withFolder((folder) => {
    const copy = join(folder, "copy");
    const image = join(folder, "image");
    makeForeign(image, "64M", ["-t", "ext4", "-O", "fast_commit"]);
    withMounted(image, `rw,${STILL}`, (top) => {
      writeFileSync(join(top, "before"), "before");
      runOk("sync", ["-f", top]);
      writeFileSync(join(top, "after"), "after");
      runOk("sync", [join(top, "after")]);
      copyFileSync(image, copy);
    });
    return memoryImage(readFileSync(copy));
  });
  await expectError(() => recover(bytes), "E_NEEDS_RECOVERY", "which has fast commits");
});
