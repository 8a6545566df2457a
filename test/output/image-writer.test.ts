import { describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_SIZE } from "../../src/blocks/blocks.ts";
import type { Move } from "../../src/blocks/relocation.ts";
import { writeFilesystem } from "../../src/convert/write-filesystem.ts";
import { DirectFile } from "../../src/disk/direct-file.ts";
import type { FilesystemPlan } from "../../src/filesystem/kind/kind.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { ImageWriter } from "../../src/output/image-writer.ts";
import { SMALL_STAGE_BLOCKS, STAGE_BLOCKS } from "../../src/output/stages.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
let files = 0;

/** Writes `stages` full stages and one of three blocks, each block with its own number, to every other block. */
async function fill(path: string, stages: number, stageBlocks = STAGE_BLOCKS): Promise<Buffer> {
  const sink = new ImageWriter(new ImageFile(path), stageBlocks);
  const expected = Buffer.alloc((stages * 2 * stageBlocks + 3) * BLOCK_SIZE);
  try {
    for (let n = 0; n <= stages; n++) {
      const blocks = n === stages ? 3 : stageBlocks;
      const start = n * 2 * stageBlocks;
      let stage = sink.takeStage();
      while (stage === undefined) {
        await sink.stageFree();
        stage = sink.takeStage();
      }
      for (let block = 0; block < blocks; block++) {
        stage.fill((start + block) % 251, block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE);
      }
      expected.set(stage.subarray(0, blocks * BLOCK_SIZE), start * BLOCK_SIZE);
      sink.putStage(stage, [{ start, length: blocks }]);
    }
    await sink.settle();
  } finally {
    await sink.close();
  }
  return expected;
}

/** Writes pieces of all kinds from one buffer that is used again at once. */
async function writePieces(path: string, stageBlocks = STAGE_BLOCKS): Promise<Buffer> {
  const writer = new ImageWriter(new ImageFile(path), stageBlocks);
  const lengths = [1024, BLOCK_SIZE, 15 * BLOCK_SIZE, 16 * BLOCK_SIZE, 300 * BLOCK_SIZE, 600 * BLOCK_SIZE];
  const buffer = new Uint8Array(600 * BLOCK_SIZE);
  const expected = Buffer.alloc(6000 * BLOCK_SIZE);
  writer.image.truncate(expected.length);
  let position = BLOCK_SIZE;
  for (let n = 1; n < 19; n++) {
    const bytes = buffer.subarray(0, lengths[n % lengths.length]).fill(n);
    expected.set(bytes, position);
    await writer.write(position, bytes);
    position += Math.ceil(bytes.length / BLOCK_SIZE + 1) * BLOCK_SIZE;
  }
  await writer.settle();
  await writer.close();
  return expected;
}

/** Writes zeros over parts of a file of ones, and other bytes while the zeros are on their way. */
async function writeZeros(path: string, stageBlocks = STAGE_BLOCKS): Promise<Buffer> {
  const writer = new ImageWriter(new ImageFile(path), stageBlocks);
  const expected = Buffer.alloc(48 * STAGE_BLOCKS * BLOCK_SIZE, 1);
  writer.image.write(0, expected);
  let position = BLOCK_SIZE;
  for (const blocks of [1, 15, 16, STAGE_BLOCKS, STAGE_BLOCKS + 1, 34 * STAGE_BLOCKS + 3]) {
    await writer.zero(position, blocks * BLOCK_SIZE);
    expected.fill(0, position, position + blocks * BLOCK_SIZE);
    position += (blocks + 1) * BLOCK_SIZE;
  }
  const bytes = Buffer.alloc(5 * STAGE_BLOCKS * BLOCK_SIZE, 2);
  await writer.write(position, bytes);
  expected.set(bytes, position);
  await writer.settle();
  await writer.close();
  return expected;
}

/** Writes whole blocks, and then parts of them from one buffer, more than may be under way, several in each block. */
async function writeParts(path: string): Promise<Buffer> {
  const writer = new ImageWriter(new ImageFile(path));
  const blocks = 2 * STAGE_BLOCKS;
  const expected = Buffer.alloc(blocks * BLOCK_SIZE, 7);
  await writer.write(0, expected);
  await writer.settle();
  const part = new Uint8Array(4);
  for (let block = 0; block < blocks; block += 3) {
    for (const offset of [0, 32, BLOCK_SIZE - 4]) {
      const position = block * BLOCK_SIZE + offset;
      part.fill(position % 251);
      expected.set(part, position);
      await writer.writePart(position, part);
    }
  }
  await writer.settle();
  await writer.close();
  return expected;
}

describe("contents", () => {
  for (const stageBlocks of [STAGE_BLOCKS, SMALL_STAGE_BLOCKS]) {
    test(`are where they belong, more of them than there are stages of ${stageBlocks} blocks`, async () => {
      const path = scratch(`image${files++}`);
      const expected = await fill(path, 10, stageBlocks);
      expect(readFileSync(path).equals(expected)).toBe(true);
    });

    test(`come in pieces of any size and place, too, by ${stageBlocks} blocks`, async () => {
      const path = scratch(`image${files++}`);
      const expected = await writePieces(path, stageBlocks);
      expect(readFileSync(path).equals(expected)).toBe(true);
    });

    test(`give way to zeros, in pieces of any size, by ${stageBlocks} blocks`, async () => {
      const path = scratch(`image${files++}`);
      const expected = await writeZeros(path, stageBlocks);
      expect(readFileSync(path).equals(expected)).toBe(true);
    });
  }

  test("may be kept ahead, by the same disk that keeps the rest", async () => {
    const path = scratch(`image${files++}`);
    const image = new ImageFile(path);
    const syncs: string[] = [];
    image.sync = async () => {
      syncs.push("begun");
      await Bun.sleep(1);
      syncs.push("done");
    };
    const writer = new ImageWriter(image);
    const bytes = Buffer.alloc(STAGE_BLOCKS * BLOCK_SIZE, 1);
    await writer.write(0, bytes);
    writer.keepAhead();
    expect(syncs).toEqual(["begun"]);
    await writer.write(bytes.length, bytes);
    await writer.settle();
    expect(syncs).toEqual(["begun", "done"]);
    // Too much to be done by the time that more is written.
    for (let n = 2; n < 140; n++) await writer.write(n * bytes.length, bytes);
    writer.keepAhead();
    await writer.settle();
    expect(syncs.length).toBe(2);
    await writer.close();
    expect(
      readFileSync(path)
        .subarray(0, 2 * bytes.length)
        .equals(Buffer.concat([bytes, bytes])),
    ).toBe(true);
  });

  test("that the disk would not keep ahead are told of when all is settled", async () => {
    const image = new ImageFile(scratch(`image${files++}`));
    const lost = new Error("the disk");
    image.sync = () => Promise.reject(lost);
    const writer = new ImageWriter(image);
    await writer.write(0, Buffer.alloc(STAGE_BLOCKS * BLOCK_SIZE, 1));
    writer.keepAhead();
    expect(await writer.settle().catch((error: unknown) => error)).toBe(lost);
    await writer.close();
  });

  test("are kept ahead, or not, before the file is closed", async () => {
    for (const fails of [false, true]) {
      const image = new ImageFile(scratch(`image${files++}`));
      const { close } = image;
      const steps: string[] = [];
      image.sync = async () => {
        await Bun.sleep(1);
        steps.push("kept");
        if (fails) throw new Error("the disk");
      };
      image.close = () => {
        steps.push("closed");
        close.call(image);
      };
      const writer = new ImageWriter(image);
      await writer.write(0, Buffer.alloc(STAGE_BLOCKS * BLOCK_SIZE, 1));
      writer.keepAhead();
      await writer.close();
      expect(steps).toEqual(["kept", "closed"]);
    }
  });

  test("move by small stages as by others", async () => {
    const path = scratch(`image${files++}`);
    const writer = new ImageWriter(new ImageFile(path), SMALL_STAGE_BLOCKS);
    const length = 3 * SMALL_STAGE_BLOCKS + 1;
    const expected = Buffer.alloc(2 * length * BLOCK_SIZE);
    for (let block = 0; block < length; block++) {
      const bytes = expected.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE).fill(1 + (block % 250));
      expected.set(bytes, (length + block) * BLOCK_SIZE);
    }
    writer.image.write(0, expected.subarray(0, length * BLOCK_SIZE));
    const plan = { moves: [{ from: 0, to: length, length }], blocks: 2 * length, emit: () => [] };
    const request = { signal: new AbortController().signal, report: () => undefined };
    await writeFilesystem(plan as unknown as FilesystemPlan, writer, request);
    await writer.close();
    expect(readFileSync(path).equals(expected)).toBe(true);
  });

  test("move from one row to many places, and the row is read once for each stage", async () => {
    const path = scratch(`image${files++}`);
    const image = new ImageFile(path);
    const writer = new ImageWriter(image);
    const length = STAGE_BLOCKS + 100;
    const expected = Buffer.alloc(4 * length * BLOCK_SIZE);
    const moves: Move[] = [];
    for (let from = 0, part = 1, to = length; from < length; from += part, to += part + 1) {
      // Single blocks, and rows that are worth a write past the page cache.
      part = Math.min(from % 3 === 0 ? 1 : 40, length - from);
      for (let i = 0; i < part; i++) {
        const bytes = expected.subarray((from + i) * BLOCK_SIZE, (from + i + 1) * BLOCK_SIZE);
        expected.set(bytes.fill(1 + ((from + i) % 250)), (to + i) * BLOCK_SIZE);
      }
      moves.push({ from, to, length: part });
    }
    await writer.write(0, expected.subarray(0, length * BLOCK_SIZE));
    await writer.settle();
    let reads = 0;
    const read = image.read.bind(image);
    image.read = (...args) => {
      reads++;
      return read(...args);
    };
    const plan = { moves, blocks: 4 * length, emit: () => [] };
    const request = { signal: new AbortController().signal, report: () => undefined };
    await writeFilesystem(plan as unknown as FilesystemPlan, writer, request);
    await writer.close();
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect([reads, moves.length > 20]).toEqual([2, true]);
  });

  test("get parts of their blocks anew, and each block is read once", async () => {
    const path = scratch(`image${files++}`);
    const { read } = ImageFile.prototype;
    let reads = 0;
    ImageFile.prototype.read = function (...args) {
      reads++;
      return read.apply(this, args);
    };
    try {
      const expected = await writeParts(path);
      expect(readFileSync(path).equals(expected)).toBe(true);
      expect(reads).toBe(Math.ceil((2 * STAGE_BLOCKS) / 3));
    } finally {
      ImageFile.prototype.read = read;
    }
  });

  test("that cannot be read back fail with what is said of that", async () => {
    const image = new ImageFile(scratch(`image${files++}`));
    const writer = new ImageWriter(image);
    await writer.write(0, new Uint8Array(STAGE_BLOCKS * BLOCK_SIZE));
    await writer.settle();
    Object.assign(image, { read: () => Promise.reject(new Error("the disk is broken")) });
    await writer.writePart(32, new Uint8Array(4));
    await expect(writer.settle()).rejects.toThrow("the disk is broken");
    await writer.close();
  });

  testWith(["loop mount"], "take the ordinary way where the filesystem knows no other", async () => {
    const folder = scratch("ramfs");
    mkdirSync(folder);
    runOk("mount", ["-t", "ramfs", "ramfs", folder]);
    try {
      const path = join(folder, "image");
      writeFileSync(join(folder, "probe"), "");
      expect(DirectFile.open(join(folder, "probe"))).toBeUndefined();
      const expected = await fill(path, 10);
      expect(readFileSync(path).equals(expected)).toBe(true);
      const pieces = await writePieces(join(folder, "pieces"));
      expect(readFileSync(join(folder, "pieces")).equals(pieces)).toBe(true);
      const zeros = await writeZeros(join(folder, "zeros"));
      expect(readFileSync(join(folder, "zeros")).equals(zeros)).toBe(true);
    } finally {
      runOk("umount", [folder]);
    }
  });

  testWith(["loop mount", "mke2fs"], "that a full disk does not take fail with what to do", async () => {
    const disk = scratch("disk");
    const folder = scratch("mnt");
    writeFileSync(disk, "");
    truncateSync(disk, 8 << 20);
    runOk("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", disk]);
    mkdirSync(folder);
    runOk("mount", ["-o", "loop", disk, folder]);
    try {
      await expectError(fill(join(folder, "image"), 10), "E_NO_SPACE", "the disk is full");
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
