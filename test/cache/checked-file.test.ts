import { describe, expect, test } from "bun:test";
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { checkedPieces, DamagedFileError, PIECE_SIZE } from "../../src/cache/checked-file.ts";
import { CheckedFileWriter } from "../../src/cache/checked-file-writer.ts";
import { noise } from "../registry/support.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MIB = 1 << 20;

async function written(path: string, pieces: readonly Uint8Array[], name = "name"): Promise<void> {
  const fd = openSync(path, "wx");
  const writer = new CheckedFileWriter(fd, path, name);
  for (const piece of pieces) {
    (await writer.next()).set(piece);
    writer.put(piece.length);
  }
  await writer.finish();
  await writer.settle();
  closeSync(fd);
}

/** From where they lie, in memory that is filled with something else as soon as it is released. */
async function placed(path: string, pieces: readonly Uint8Array[], slots: number): Promise<boolean> {
  const memory = new Uint8Array(new SharedArrayBuffer(slots * MIB));
  const free = Array.from({ length: slots }, (_, slot) => slot);
  const fd = openSync(path, "wx");
  const writer = new CheckedFileWriter(fd, path, "name");
  let next = 0;
  for (const bytes of pieces) {
    // In a circle, as a ring has them.
    const slot = next++ % slots;
    while (!free.includes(slot)) await Bun.sleep(1);
    free.splice(free.indexOf(slot), 1);
    const piece = memory.subarray(slot * MIB, slot * MIB + bytes.length);
    piece.set(bytes);
    const hold = () => () => {
      piece.fill(0xee);
      free.push(slot);
    };
    if (!writer.place(piece, hold)) {
      closeSync(fd);
      return false;
    }
  }
  writer.flush();
  await writer.finish();
  expect(free.length).toBe(slots);
  await writer.settle();
  closeSync(fd);
  return true;
}

/** The pieces, and why there are no more. */
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
const PIECES = [PIECE_SIZE, 5, PIECE_SIZE, PIECE_SIZE, 0, 70_001, 300].map((length, i) =>
  noise(length, i + 1),
);

describe("a checked file", () => {
  for (const [what, pieces] of [
    ["of many pieces", PIECES],
    ["of one", [noise(1000, 9)]],
    ["that fills its last piece", [noise(10, 1), noise(PIECE_SIZE, 2)]],
    ["of one that is full", [noise(PIECE_SIZE, 2)]],
    ["whose last groups are full", [1, 2, 3, 4, 5].map((n) => noise(PIECE_SIZE, n))],
    ["with nothing in its piece", [Buffer.alloc(0)]],
    ["without any", []],
  ] as const) {
    test(`is read as it was written: ${what}`, async () => {
      const path = scratch(what);
      await written(path, pieces);
      const { pieces: found, error } = await read(path);
      expect(error).toBeUndefined();
      expect(found.length).toBe(pieces.length);
      expect(found.every((piece, i) => piece.equals(pieces[i] ?? noise(1, 1)))).toBe(true);
    });
  }

  test("is the same whether its pieces were copied or written from where they lay", async () => {
    const most = Array.from({ length: 11 }, (_, n) => noise(n === 4 ? 7777 : PIECE_SIZE, n));
    for (const [n, pieces] of [most, PIECES, most.slice(0, 1)].entries()) {
      await written(scratch(`copied ${n}`), pieces);
      for (const slots of [3, 4]) {
        const path = scratch(`placed ${n} ${slots}`);
        // Memory that cannot be written so is told of before anything is done.
        if (await placed(path, pieces, slots)) {
          const same = readFileSync(path).equals(readFileSync(scratch(`copied ${n}`)));
          expect([n, slots, same]).toEqual([n, slots, true]);
        } else expect(readFileSync(path).length).toBe(0);
      }
    }
  });

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
    await written(large, PIECES);
    for (const [index, piece] of PIECES.entries()) {
      for (const within of [0, 3, piece.length - 1]) {
        if (within < 0 || within >= piece.length) continue;
        const at = index * MIB + within;
        flip(large, at);
        const { pieces, error } = await read(large);
        expect([at, pieces.length, error]).toEqual([at, index, expect.any(DamagedFileError)]);
        flip(large, at);
      }
    }
    const whole = readFileSync(large);
    for (let at = 6 * MIB + 300; at < whole.length; at++) {
      flip(large, at);
      expect(await read(large)).toEqual({ pieces: [], error: expect.any(DamagedFileError) });
      flip(large, at);
    }
    expect((await read(large)).error).toBeUndefined();
  });

  test("is told by its end: cut off anywhere, gone on with, of pieces of others, by another name", async () => {
    const path = scratch("whole");
    await written(path, PIECES);
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
    // Whole, but for a piece less than its table has, and more.
    for (const moved of [whole.subarray(MIB), Buffer.concat([whole.subarray(0, MIB), whole])]) {
      writeFileSync(path, moved);
      expect(await read(path)).toEqual({ pieces: [], error: expect.any(DamagedFileError) });
    }
    writeFileSync(path, whole);
    expect((await read(path, "another name")).pieces).toEqual([]);
  });

  test("has nothing behind its pieces that was in the memory before", async () => {
    const path = scratch("padded");
    await written(path, [noise(PIECE_SIZE, 1), noise(PIECE_SIZE, 2), Buffer.from("a"), Buffer.from("b")]);
    const isClear = (at: number, end: number, file: string) =>
      readFileSync(file)
        .subarray(at, end)
        .every((byte) => byte === 0);
    expect(isClear(2 * MIB + 1, 3 * MIB, path)).toBe(true);
    await written(scratch("padded too"), [Buffer.from("a"), Buffer.from("b")]);
    expect(isClear(1, MIB, scratch("padded too"))).toBe(true);
  });

  test("that the disk does not take tells why", async () => {
    const fd = openSync("/dev/full", "w");
    const writer = new CheckedFileWriter(fd, "/dev/full", "name");
    await writer.next();
    writer.put(100);
    const told = await writer.finish().catch((error: unknown) => error);
    expect(told).toMatchObject({ code: "ENOSPC" });
    await writer.settle();
    closeSync(fd);
  });
});
