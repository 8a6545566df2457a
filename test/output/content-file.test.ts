import { describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectFile } from "../../src/disk/direct-file.ts";
import { BLOCK_SIZE } from "../../src/output/blocks.ts";
import { ContentFile } from "../../src/output/content-file.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { STAGE_BLOCKS } from "../../src/output/stages.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
let files = 0;

/** Writes `stages` full stages and one of three blocks, each block with its own number, to every other block. */
async function fill(path: string, stages: number): Promise<Buffer> {
  const image = new ImageFile(path);
  const sink = new ContentFile(image);
  const expected = Buffer.alloc((stages * 2 * STAGE_BLOCKS + 3) * BLOCK_SIZE);
  try {
    for (let n = 0; n <= stages; n++) {
      const blocks = n === stages ? 3 : STAGE_BLOCKS;
      const start = n * 2 * STAGE_BLOCKS;
      let stage = sink.takeStage();
      while (stage === undefined) {
        await sink.stageFree();
        stage = sink.takeStage();
      }
      for (let block = 0; block < blocks; block++) {
        stage.fill((start + block) % 251, block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE);
      }
      expected.set(stage.subarray(0, blocks * BLOCK_SIZE), start * BLOCK_SIZE);
      sink.putStage(stage, start, blocks);
    }
    await sink.settle();
  } finally {
    await sink.close();
    image.close();
  }
  return expected;
}

describe("contents", () => {
  test("are where they belong, more of them than there are stages", async () => {
    const path = scratch(`image${files++}`);
    const expected = await fill(path, 20);
    expect(readFileSync(path).equals(expected)).toBe(true);
  });

  testWith(["loop mount"], "take the ordinary way where the filesystem knows no other", async () => {
    const folder = scratch("ramfs");
    mkdirSync(folder);
    runOk("mount", ["-t", "ramfs", "ramfs", folder]);
    try {
      const path = join(folder, "image");
      writeFileSync(join(folder, "probe"), "");
      expect(DirectFile.open(join(folder, "probe"))).toBeUndefined();
      const expected = await fill(path, 20);
      expect(readFileSync(path).equals(expected)).toBe(true);
    } finally {
      runOk("umount", [folder]);
    }
  });

  testWith(["loop mount"], "that a full disk does not take fail with what to do", async () => {
    const disk = scratch("disk");
    const folder = scratch("mnt");
    writeFileSync(disk, "");
    truncateSync(disk, 8 << 20);
    runOk("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", disk]);
    mkdirSync(folder);
    runOk("mount", ["-o", "loop", disk, folder]);
    try {
      await expectError(fill(join(folder, "image"), 20), "E_NO_SPACE", "the disk is full");
    } finally {
      runOk("umount", [folder]);
    }
  });
});

describe("a direct file", () => {
  test("gives memory that it can be written from, and says what it has not written", async () => {
    const path = scratch("direct");
    closeSync(openSync(path, "w"));
    const file = DirectFile.open(path);
    if (file === undefined) return;
    const memory = file.memory(3 * BLOCK_SIZE);
    if (memory === undefined) throw new Error("no memory is right");
    memory.fill(7);
    expect(await file.write(0, memory)).toBe(true);
    expect(await file.write(1, memory.subarray(0, 100))).toBe(false);
    file.close();
    expect(readFileSync(path).equals(Buffer.alloc(3 * BLOCK_SIZE, 7))).toBe(true);
  });
});
