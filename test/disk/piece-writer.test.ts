import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { PieceWriter } from "../../src/disk/piece-writer.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const PIECE = 256 << 10;

/** No two pieces of it are alike. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

async function written(bytes: Buffer, chunk: number): Promise<Buffer> {
  const path = scratch("file");
  const fd = openSync(path, "w");
  try {
    const pieces = new PieceWriter(fd);
    // One memory for all: bytes are the caller's again once they were taken.
    const memory = Buffer.alloc(chunk);
    for (let at = 0; at < bytes.length; at += chunk) {
      await pieces.add(memory.subarray(0, bytes.copy(memory, 0, at, at + chunk)));
    }
    memory.fill(0xff);
    await pieces.finish();
  } finally {
    closeSync(fd);
  }
  return readFileSync(path);
}

for (const length of [0, 1, PIECE, 5 * PIECE, 5 * PIECE + 12345]) {
  for (const chunk of [65_521, PIECE, PIECE + 1, 3 << 20]) {
    test(`${length} bytes that come by ${chunk} are in the file as they came`, async () => {
      const bytes = bytesOf(length);
      expect((await written(bytes, chunk)).equals(bytes)).toBe(true);
    });
  }
}

test("what a write fails with comes at a later call, and nothing else", async () => {
  const fd = openSync("/dev/full", "w");
  const pieces = new PieceWriter(fd);
  await pieces.add(bytesOf(PIECE));
  await pieces.settled();
  await expect(pieces.add(bytesOf(PIECE))).rejects.toMatchObject({ code: "ENOSPC" });
  closeSync(fd);
});

test("what is left at the end is not lost without a word", async () => {
  const fd = openSync("/dev/full", "w");
  const pieces = new PieceWriter(fd);
  await pieces.add(bytesOf(100));
  await expect(pieces.finish()).rejects.toMatchObject({ code: "ENOSPC" });
  closeSync(fd);
});
