import { describe, expect, test } from "bun:test";
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import {
  CheckedFileWriter,
  checkedPieces,
  DamagedFileError,
  MOST_PAYLOAD,
} from "../../src/cache/checked-file.ts";
import { noise } from "../registry/support.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MIB = 1 << 20;

async function written(path: string, payloads: readonly Uint8Array[], name = "name"): Promise<void> {
  const fd = openSync(path, "wx");
  const writer = new CheckedFileWriter(fd, path, name);
  for (const [i, payload] of payloads.entries()) {
    (await writer.next()).set(payload);
    writer.put(payload.length, i === payloads.length - 1);
  }
  await writer.settle();
  closeSync(fd);
}

/** The payloads, and why there are no more. */
async function read(path: string, name = "name") {
  const fd = openSync(path, "r");
  const pieces: Buffer[] = [];
  try {
    for await (const piece of checkedPieces(fd, name)) pieces.push(Buffer.from(piece));
    return { pieces, error: undefined };
  } catch (error) {
    return { pieces, error };
  } finally {
    closeSync(fd);
  }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  writeFileSync(path, bytes);
}

/** Full ones, those that end early, and none that has anything. */
const PAYLOADS = [MOST_PAYLOAD, 5, MOST_PAYLOAD, MOST_PAYLOAD, 0, 70_001, 300].map((length, i) =>
  noise(length, i + 1),
);

describe("a checked file", () => {
  for (const [what, payloads] of [
    ["of many pieces", PAYLOADS],
    ["of one", [noise(1000, 9)]],
    ["that fills its last piece", [noise(10, 1), noise(MOST_PAYLOAD, 2)]],
    ["with nothing in it", [Buffer.alloc(0)]],
  ] as const) {
    test(`is read as it was written: ${what}`, async () => {
      const path = scratch(what);
      await written(path, payloads);
      const { pieces, error } = await read(path);
      expect(error).toBeUndefined();
      expect(pieces.length).toBe(payloads.length);
      expect(pieces.every((piece, i) => piece.equals(payloads[i] ?? noise(1, 1)))).toBe(true);
    });
  }

  test("gives nothing from the first piece on in which a bit was flipped, wherever that is", async () => {
    const small = scratch("small");
    await written(small, [Buffer.from("the only piece")]);
    const { length } = readFileSync(small);
    for (let at = 0; at < length; at++) {
      flip(small, at);
      expect(await read(small)).toEqual({ pieces: [], error: expect.any(DamagedFileError) });
      flip(small, at);
    }
    const large = scratch("large");
    await written(large, PAYLOADS);
    for (const [piece, payload] of PAYLOADS.entries()) {
      for (const within of [0, 3, 4, 7, 8, 8 + payload.length - 1]) {
        if (within >= 8 + payload.length) continue;
        const at = piece * MIB + within;
        flip(large, at);
        const { pieces, error } = await read(large);
        expect([at, pieces.length, error]).toEqual([at, piece, expect.any(DamagedFileError)]);
        flip(large, at);
      }
    }
    expect((await read(large)).error).toBeUndefined();
  });

  test("is told by its end: cut off anywhere, gone on with, of pieces of others, by another name", async () => {
    const path = scratch("whole");
    await written(path, PAYLOADS);
    const whole = readFileSync(path);
    for (const length of [0, 1, 7, 8, 9, MIB - 1, MIB, MIB + 8, 3 * MIB, whole.length - 1]) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      expect([length, (await read(path)).error]).toEqual([length, expect.any(DamagedFileError)]);
    }
    writeFileSync(path, whole);
    appendFileSync(path, "x");
    expect((await read(path)).error).toBeInstanceOf(DamagedFileError);
    const swapped = Buffer.from(whole);
    whole.copy(swapped, 2 * MIB, 3 * MIB, 4 * MIB);
    writeFileSync(path, swapped);
    expect((await read(path)).pieces.length).toBe(2);
    writeFileSync(path, whole);
    expect((await read(path, "another name")).pieces).toEqual([]);
  });

  test("has nothing behind the payloads that was in the memory before", async () => {
    const path = scratch("padded");
    await written(path, [noise(MOST_PAYLOAD, 1), noise(MOST_PAYLOAD, 2), Buffer.from("a"), Buffer.from("b")]);
    expect(
      readFileSync(path)
        .subarray(2 * MIB + 9, 3 * MIB)
        .every((byte) => byte === 0),
    ).toBe(true);
    await written(scratch("padded too"), [Buffer.from("a"), Buffer.from("b")]);
    expect(
      readFileSync(scratch("padded too"))
        .subarray(9, MIB)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test("that the disk does not take tells why", async () => {
    const fd = openSync("/dev/full", "w");
    const writer = new CheckedFileWriter(fd, "/dev/full", "name");
    await writer.next();
    writer.put(100, true);
    const told = await writer.settle().catch((error: unknown) => error);
    expect(told).toMatchObject({ code: "ENOSPC" });
    closeSync(fd);
  });
});
