import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { Lz4Compressor } from "../../../../src/filesystem/erofs/lz4/compressor.ts";
import { decompressBlock } from "../../../../src/filesystem/erofs/lz4/decompress.ts";
import { testWith } from "../../../support/oracles.ts";
import { KINDS, mixture, noise, text } from "./inputs.ts";

const LEVELS = [1, 2, 5, 9];
const CLUSTER = 65_536;
const STEP = 4096;
const MOST = 1 << 20;

/** What a block decodes to; fails where its end is not as decoders rely on. */
function decoded(block: Uint8Array, length: number): Uint8Array | undefined {
  expectEnd(block, length);
  const output = new Uint8Array(length);
  return decompressBlock(block, output) === length ? output : undefined;
}

/** The last five bytes must be literals, and the last match begin twelve bytes before the end (lz4_Block_format.md). */
function expectEnd(block: Uint8Array, length: number): void {
  let lastStart = 0;
  let size = 0;
  for (let at = 0; at < block.length; ) {
    const token = block[at++] ?? 0;
    const lengthOf = (begun: number): number => {
      let sum = begun;
      for (let more = begun === 15 ? 255 : 0; more === 255; sum += more) more = block[at++] ?? 0;
      return sum;
    };
    const literals = lengthOf(token >> 4);
    at += literals;
    size += literals;
    if (at === block.length) {
      if (lastStart > 0) expect(literals).toBeGreaterThanOrEqual(5);
      break;
    }
    at += 2;
    lastStart = size;
    size += lengthOf(token & 15) + 4;
  }
  expect(size).toBe(length);
  expect(lastStart).toBeLessThanOrEqual(Math.max(length - 12, 0));
}

/** The block of all the input; of nothing where that would be larger than the limit. */
function compressed(compressor: Lz4Compressor, input: Uint8Array, limit: number): Uint8Array {
  compressor.load(input);
  const { size } = compressor.fill({ from: 0, step: input.length, limit });
  return compressor.output.slice(0, size);
}

describe.each(LEVELS)("level %i", (level) => {
  const compressor = new Lz4Compressor(level, MOST, 2 * CLUSTER);
  const compress = (input: Uint8Array, limit = 2 * CLUSTER): Uint8Array =>
    compressed(compressor, input, limit);

  test.each(KINDS)("%s are the same when decompressed", (_name, make) => {
    for (const length of [1, 4, 5, 12, 13, 14, 17, 18, 19, 100, 273, 4095, 4096, 65_535, 65_536, 100_003]) {
      const input = make(length);
      expect(decoded(compress(input), length)).toEqual(input);
    }
  });

  test("a block that would be larger than its limit is none", () => {
    const input = text(CLUSTER);
    const { length } = compress(input);
    expect(compress(input, length).length).toBe(length);
    expect(compress(input, length - 1).length).toBe(0);
    expect(compress(noise(CLUSTER), CLUSTER).length).toBe(0);
  });

  test("what was compressed before does not show", () => {
    const input = mixture(CLUSTER);
    const first = compress(input);
    compress(text(CLUSTER, 7));
    expect(compress(input)).toEqual(first);
    const further = new Uint8Array(3 * CLUSTER + 1);
    further.set(input, 2 * CLUSTER + 1);
    compressor.load(further);
    const { size } = compressor.fill({ from: 2 * CLUSTER + 1, step: CLUSTER, limit: CLUSTER });
    expect(Buffer.compare(compressor.output.slice(0, size), first)).toBe(0);
  });

  test.each(KINDS)("of %s a block is filled up to its limit", (_name, make) => {
    const input = make(300_003);
    for (const limit of [4096 + 64, 16_384, CLUSTER]) {
      compressor.load(input);
      for (let at = 0; at < input.length; ) {
        const { taken, size } = compressor.fill({ from: at, step: STEP, limit });
        const block = compressor.output.slice(0, size);
        expect(size).toBeLessThanOrEqual(limit);
        expect(decoded(block, taken)).toEqual(input.slice(at, at + taken));
        at += taken;
        if (at === input.length) break;
        expect(taken % STEP).toBe(0);
        const next = Math.min(at + STEP, input.length);
        if (level === 1) {
          expect(compressed(compressor, input.subarray(at - taken, next), limit).length).toBe(0);
          compressor.load(input);
        }
      }
    }
  });

  test("where not one step fits, nothing is taken", () => {
    compressor.load(noise(3 * STEP));
    expect(compressor.fill({ from: 0, step: STEP, limit: STEP })).toEqual({
      taken: 0,
      size: 0,
    });
  });
});

test("a higher level makes smaller blocks", () => {
  const input = text(CLUSTER);
  const sizes = LEVELS.map(
    (level) => compressed(new Lz4Compressor(level, CLUSTER, CLUSTER), input, CLUSTER).length,
  );
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect(new Set(sizes).size).toBe(sizes.length);
});

/** Whoever changes one raises RESULT_FORMAT (convert/result-key.ts): images get other bytes. */
const GOLDEN: Readonly<Record<number, string>> = {
  1: "e40976215c8e0d17",
  2: "2d39f1df85bd6512",
  5: "c8f258df0f044ffc",
  9: "74996b21b27f1d67",
};

test.each(LEVELS)("the bytes of level %i are those of the version before", (level) => {
  const compressor = new Lz4Compressor(level, MOST, CLUSTER);
  const hash = createHash("sha256");
  for (const input of [text(500_000), mixture(500_000)]) {
    compressor.load(input);
    for (let at = 0; at < input.length; ) {
      const { taken, size } = compressor.fill({ from: at, step: STEP, limit: CLUSTER });
      hash.update(compressor.output.subarray(0, size));
      at += taken === 0 ? STEP : taken;
    }
  }
  expect(hash.digest("hex").slice(0, 16)).toBe(GOLDEN[level] ?? "");
});

/** Magic; independent blocks of up to 64 KiB without checksums; the checksum of that (doc/lz4_Frame_format.md). */
const FRAME_HEAD = Buffer.from("04224d18604082", "hex");
const IS_PLAIN = 0x8000_0000;

function lz4(input: Uint8Array, ...options: string[]): Uint8Array {
  const { status, stdout, stderr } = spawnSync("lz4", options, { input, maxBuffer: 1 << 28 });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
  return new Uint8Array(stdout);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

testWith(["lz4"], "lz4 decompresses what is compressed here", () => {
  for (const level of LEVELS) {
    const compressor = new Lz4Compressor(level, CLUSTER, CLUSTER);
    const input = mixture(40 * CLUSTER + 12_345);
    const parts: Uint8Array[] = [FRAME_HEAD];
    for (let at = 0; at < input.length; at += CLUSTER) {
      const end = Math.min(at + CLUSTER, input.length);
      const block = compressed(compressor, input.subarray(at, end), end - at);
      if (block.length === 0) parts.push(word(IS_PLAIN | (end - at)), input.slice(at, end));
      else parts.push(word(block.length), block);
    }
    parts.push(word(0));
    expect(Buffer.compare(lz4(Buffer.concat(parts), "-q", "-d", "-c"), input)).toBe(0);
  }
});

testWith(["lz4"], "what lz4 has compressed is decompressed here", () => {
  const input = mixture(40 * CLUSTER + 12_345);
  for (const level of ["-1", "-9", "--fast=5"]) {
    const frame = Buffer.from(lz4(input, "-q", level, "-B4", "-BI", "--no-frame-crc", "-c"));
    expect(frame.subarray(0, FRAME_HEAD.length)).toEqual(FRAME_HEAD);
    const output: Uint8Array[] = [];
    for (let at = FRAME_HEAD.length, size = frame.readUInt32LE(at); size !== 0; ) {
      const length = size & ~IS_PLAIN;
      const block = frame.subarray(at + 4, at + 4 + length);
      const room = new Uint8Array(CLUSTER);
      if ((size & IS_PLAIN) !== 0) output.push(block);
      else output.push(room.subarray(0, decompressBlock(block, room) ?? 0));
      at += 4 + length;
      size = frame.readUInt32LE(at);
    }
    expect(Buffer.compare(Buffer.concat(output), input)).toBe(0);
  }
});

describe("a broken block, or one that does not fit,", () => {
  /** Decodes in the midst of other bytes, none of which may change. */
  function decodeGuarded(block: Uint8Array, room: number): number | undefined {
    const memory = new Uint8Array(room + 128).fill(0xa5);
    const size = decompressBlock(block, memory.subarray(64, 64 + room));
    expect(memory.subarray(0, 64).every((byte) => byte === 0xa5)).toBe(true);
    expect(memory.subarray(64 + (size ?? room)).every((byte) => byte === 0xa5)).toBe(true);
    return size;
  }

  test.each([
    ["has nothing in it", []],
    ["ends within its literals", [0x50, 1, 2, 3, 4]],
    ["ends within a length", [0xf0, 255, 255]],
    ["ends within a distance", [0x10, 1, 1]],
    ["ends with a match", [0x10, 1, 1, 0]],
    ["has a match at no distance", [0x10, 1, 0, 0, 0x00]],
    ["has a match before its beginning", [0x10, 1, 2, 0, 0x00]],
    ["has a match of no known length", [0x1f, 1, 1, 0, 255]],
  ])("that %s is told", (_what, bytes) => {
    expect(decodeGuarded(Uint8Array.from(bytes), 1000)).toBe(undefined);
  });

  test("that is cut short makes less than it should", () => {
    // Five letters, then those again, and 300 times "z".
    const block = Uint8Array.from([
      0x51, 97, 98, 99, 100, 101, 5, 0, 0x1f, 122, 1, 0, 255, 26, 0x50, 1, 2, 3, 4, 5,
    ]);
    const made = `abcde${"abcde"}z${"z".repeat(300)}\x01\x02\x03\x04\x05`;
    const output = new Uint8Array(316);
    expect(decompressBlock(block, output)).toBe(316);
    expect(Buffer.from(output).toString("latin1")).toBe(made);
    for (let length = 0; length < block.length; length++) {
      expect(decodeGuarded(block.subarray(0, length), 316) ?? 0).toBeLessThan(316);
    }
  });

  test("that has more than fits makes what fits", () => {
    const input = text(5000);
    const compressor = new Lz4Compressor(1, 5000, 6000);
    const block = compressed(compressor, input, 6000);
    for (const room of [0, 1, 100, 4096, 4999]) {
      const output = new Uint8Array(room);
      expect(decompressBlock(block, output)).toBe(room);
      expect(Buffer.compare(output, input.subarray(0, room))).toBe(0);
      expect(decodeGuarded(block, room)).toBe(room);
    }
    expect(decodeGuarded(block, 5000)).toBe(5000);
    expect(decodeGuarded(block, 5001)).toBe(5000);
  });

  test("decodes to something or is told, whichever bytes are wrong", () => {
    const compressor = new Lz4Compressor(1, 20_000, 40_000);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 3 }),
        (length, changes, cut) => {
          const input = mixture(length, length);
          const block = compressed(compressor, input, 40_000);
          for (const [at, byte] of changes) block[at % block.length] = byte;
          const size = decodeGuarded(block.subarray(0, block.length - cut), length);
          expect(size === undefined || size <= length).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
