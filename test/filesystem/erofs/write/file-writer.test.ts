import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BLOCK_SIZE, type Run } from "../../../../src/blocks/blocks.ts";
import type { FilePlace } from "../../../../src/blocks/space.ts";
import { ErofsFileWriter, placing } from "../../../../src/filesystem/erofs/write/file-writer.ts";
import { SlotBlocks } from "../../../../src/filesystem/erofs/write/slots.ts";
import { type ContentSink, immediateSink } from "../../../../src/output/stages.ts";
import { metadata } from "../../ext4/write/images.ts";

/** A sink that has a stage only every so many times it is asked. */
function reluctant(sink: ContentSink, every: number): ContentSink {
  let asked = 0;
  return { ...sink, takeStage: () => (++asked % every === 0 ? sink.takeStage() : undefined) };
}

/** What becomes of files of these sizes. */
async function stream(sizes: readonly number[], { every = 1, cut = 1 << 20, arena = 64 } = {}) {
  const image = Buffer.alloc(1 << 24);
  const slots = new SlotBlocks();
  const sink = immediateSink((position, bytes) => image.set(bytes, position));
  const writer = new ErofsFileWriter(reluctant(sink, every), slots);
  let next = 1;
  const makeRoom = async (): Promise<void> => {
    if (writer.wanted === 0) return await writer.stageFree();
    const length = Math.max(writer.wanted, arena);
    writer.addArena({ start: next, length });
    next += length;
  };
  const places: FilePlace[] = [];
  for (const [n, size] of sizes.entries()) {
    const bytes = Buffer.alloc(size, `${n} of ${size}, `);
    writer.begin({ size, stored: size, metadata: metadata() });
    for (let at = 0; at < size; at += cut) {
      const chunk = bytes.subarray(at, at + cut);
      writer.seek(at);
      for (let done = writer.write(chunk); done < chunk.length; done += writer.write(chunk.subarray(done))) {
        await makeRoom();
      }
    }
    let place = writer.end();
    for (; place === undefined; place = writer.end()) await makeRoom();
    places.push(place);
  }
  while (!writer.flush()) await makeRoom();
  return { image, places, slots, written: writer.written, unused: writer.unused, end: next };
}

function blocksOf(runs: readonly Run[]): number[] {
  return runs.flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i));
}

describe("files on their way into the image", () => {
  test("are where they are whenever there are stages, and however they are cut", async () => {
    const sizes = fc.array(fc.nat(20_000), { maxLength: 400 });
    const cases = fc.record({
      sizes,
      every: fc.integer({ min: 1, max: 4 }),
      cut: fc.integer({ min: 1000, max: 9000 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ sizes: drawn, every, cut }) => {
        const steady = await stream(drawn);
        const other = await stream(drawn, { every, cut });
        expect(other.places).toEqual(steady.places);
        expect(other.slots.places).toEqual(steady.slots.places);
        expect(other.written).toEqual(steady.written);
        expect(other.image.equals(steady.image)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("have every block that was given, or it is given back", async () => {
    const sizes = Array.from({ length: 700 }, (_, n) => (n * n * 31) % 30_000);
    const { slots, written, unused, end, places } = await stream(sizes, { arena: 16 });
    const all = [...blocksOf(written), ...blocksOf(unused)].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: end - 1 }, (_, i) => i + 1));
    expect(slots.places.every((place) => blocksOf(written).includes(place))).toBe(true);
    expect(places.every(({ extents }) => extents.length <= 1)).toBe(true);
  });

  test("have their last bytes behind their inodes, nearly without a gap", async () => {
    const sizes = Array.from({ length: 5000 }, (_, n) => (n * 7919) % 4000);
    const { slots } = await stream(sizes);
    const bytes = slots.used.reduce((sum, used) => sum + used, 0);
    expect(slots.places.length * BLOCK_SIZE).toBeLessThan(1.05 * bytes);
  });
});

describe("how a file lies", () => {
  const MIB = 2 ** 20;
  const TIB = 2 ** 40;

  test("in one run, holes of up to 1 MiB included", () => {
    for (const [size, stored] of [
      [0, 0],
      [5 * TIB, 5 * TIB],
      [5 * MIB, 4 * MIB],
      [MIB, 0],
    ] as const) {
      expect(placing({ size, stored })).toMatchObject({ zeros: "kept" });
    }
  });

  test("else in chunks, of which there are no more than so many for what comes", () => {
    for (const [size, stored, row] of [
      [2 * MIB, 0, 1],
      [16 * MIB, 0, 1],
      [17 * MIB, 1, 2],
      [10 * TIB, 5000, 2 ** 19],
      [20 * TIB, 5000, 2 ** 21],
      [10 * TIB, 10 * TIB - 2 * MIB, 1],
      [10 * TIB, 2 ** 32, 16],
    ] as const) {
      expect(placing({ size, stored })).toEqual({ row, zeros: "kept in rows" });
    }
  });
});
