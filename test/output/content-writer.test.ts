import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BLOCK_SIZE, type Extent, LONGEST_ROW_BLOCKS, type Run } from "../../src/blocks/blocks.ts";
import { WHOLE_FILE } from "../../src/blocks/space.ts";
import { ContentWriter } from "../../src/output/content-writer.ts";
import { immediateSink } from "../../src/output/stages.ts";

/** An image in memory, and a writer that is given arenas of `arena` blocks or more, a gap of one block between them. */
class Fixture {
  readonly image = new Uint8Array(1 << 23);
  readonly writer = new ContentWriter(immediateSink((position, bytes) => this.image.set(bytes, position)));
  #next = 1;
  readonly #arena: number;

  constructor(arena: number) {
    this.#arena = arena;
  }

  /** Stores pieces as a file, cut into chunks of `cut` bytes. */
  store(pieces: readonly { offset: number; bytes: Uint8Array }[], cut: number): readonly Extent[] {
    const last = pieces.at(-1);
    const size = last === undefined ? 0 : last.offset + last.bytes.length;
    this.writer.begin({ size, stored: size });
    for (const { offset, bytes } of pieces) {
      this.writer.seek(offset);
      for (let at = 0; at < bytes.length; at += cut) this.#feed(bytes.subarray(at, at + cut));
    }
    return this.writer.end()?.extents ?? [];
  }

  #feed(bytes: Uint8Array): void {
    for (
      let done = this.writer.write(bytes);
      done < bytes.length;
      done += this.writer.write(bytes.subarray(done))
    ) {
      const length = Math.max(this.#arena, this.writer.wanted);
      this.writer.addArena({ start: this.#next, length });
      this.#next += length + 1;
    }
  }

  read(extents: readonly Extent[], size: number): Uint8Array {
    const file = new Uint8Array(Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE);
    for (const { logical, physical, length } of extents) {
      const from = physical * BLOCK_SIZE;
      file.set(this.image.subarray(from, from + length * BLOCK_SIZE), logical * BLOCK_SIZE);
    }
    return file;
  }
}

function bytesOf(length: number, value = 7): Uint8Array {
  return new Uint8Array(length).fill(value);
}

describe("file contents", () => {
  test("each file begins a block and lies in one extent", () => {
    const f = new Fixture(100);
    expect(f.store([{ offset: 0, bytes: bytesOf(5000) }], 1e6)).toEqual([
      { logical: 0, physical: 1, length: 2 },
    ]);
    expect(f.store([{ offset: 0, bytes: bytesOf(1) }], 1e6)).toEqual([
      { logical: 0, physical: 3, length: 1 },
    ]);
  });

  test("the rest of a file's last block is zero, whatever the buffer held before", () => {
    const f = new Fixture(100);
    f.store([{ offset: 0, bytes: bytesOf(3 * BLOCK_SIZE) }], 1e6);
    f.writer.flush();
    const extents = f.store([{ offset: 0, bytes: bytesOf(10) }], 1e6);
    f.writer.flush();
    expect(f.read(extents, BLOCK_SIZE).subarray(10)).toEqual(new Uint8Array(BLOCK_SIZE - 10));
  });

  test("an empty file has no extents", () => {
    expect(new Fixture(10).store([], 1)).toEqual([]);
  });

  test("blocks that are all zero become holes, a last short one too", () => {
    const bytes = new Uint8Array(4 * BLOCK_SIZE + 100);
    bytes[2 * BLOCK_SIZE + 5] = 1;
    for (const cut of [1, 4096, 5000, 1e6]) {
      const extents = new Fixture(10).store([{ offset: 0, bytes }], cut);
      expect(extents).toEqual([{ logical: 2, physical: 1, length: 1 }]);
    }
  });

  test("a hole between pieces stays a hole, and its parts inside blocks are zero", () => {
    const pieces = [
      { offset: 100, bytes: bytesOf(50) },
      { offset: 3 * BLOCK_SIZE + 20, bytes: bytesOf(10) },
      { offset: 3 * BLOCK_SIZE + 40, bytes: bytesOf(10) },
    ];
    const f = new Fixture(10);
    const extents = f.store(pieces, 7);
    f.writer.flush();
    expect(extents).toEqual([
      { logical: 0, physical: 1, length: 1 },
      { logical: 3, physical: 2, length: 1 },
    ]);
    const expected = new Uint8Array(4 * BLOCK_SIZE);
    for (const piece of pieces) expected.set(piece.bytes, piece.offset);
    expect(f.read(extents, expected.length)).toEqual(expected);
  });

  test("places do not depend on how the contents are cut into chunks", () => {
    // Runs of blocks, some zero, some not: enough to meet arenas' ends, the buffer's end and the direct way.
    const file = fc.array(fc.record({ blocks: fc.integer({ min: 1, max: 90 }), zero: fc.boolean() }), {
      maxLength: 5,
    });
    const files = fc.array(fc.tuple(file, fc.integer({ min: 0, max: BLOCK_SIZE })), { maxLength: 4 });
    const cuts = fc.integer({ min: 100, max: 400_000 });
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 300 }), cuts, (shapes, arena, cut) => {
        const whole = new Fixture(arena);
        const cutUp = new Fixture(arena);
        for (const [shape, tail] of shapes) {
          const parts = shape.map(({ blocks, zero }) =>
            bytesOf(blocks * BLOCK_SIZE, zero ? 0 : 1 + (blocks % 200)),
          );
          const bytes = Buffer.concat([...parts, bytesOf(tail)]);
          const extents = whole.store([{ offset: 0, bytes }], Number.POSITIVE_INFINITY);
          expect(cutUp.store([{ offset: 0, bytes }], cut)).toEqual(extents);
          whole.writer.flush();
          const read = whole.read(extents, bytes.length);
          expect(Buffer.compare(read.subarray(0, bytes.length), bytes)).toBe(0);
        }
        cutUp.writer.flush();
        expect(Buffer.compare(cutUp.image, whole.image)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("a file lies in one row, and room that is too short for it is kept for one that fits", () => {
    const f = new Fixture(40);
    const rows = [30, 20, 9, 21, 19, 10].map((blocks) =>
      f.store([{ offset: 0, bytes: bytesOf(blocks * BLOCK_SIZE) }], 10_000).map(({ physical }) => physical),
    );
    expect(rows).toEqual([[1], [42], [62], [83], [104], [71]]);
    f.writer.flush();
    expect(f.writer.unused).toEqual([
      { start: 31, length: 10 },
      { start: 81, length: 1 },
    ]);
  });

  test("a file that is longer than the longest row lies in rows of that length", () => {
    const f = new Fixture(10);
    const bytes = bytesOf((LONGEST_ROW_BLOCKS + 300) * BLOCK_SIZE);
    f.store([{ offset: 0, bytes: bytesOf(1) }], 1);
    expect(f.store([{ offset: 0, bytes }], 100_000)).toEqual([
      { logical: 0, physical: 12, length: LONGEST_ROW_BLOCKS },
      { logical: LONGEST_ROW_BLOCKS, physical: 13 + LONGEST_ROW_BLOCKS, length: 300 },
    ]);
  });

  test("an arena right behind the last one makes it longer", () => {
    const writer = new ContentWriter(immediateSink(() => {}));
    const store = (blocks: number) => {
      writer.begin({ size: blocks * BLOCK_SIZE, stored: blocks * BLOCK_SIZE });
      const bytes = bytesOf(blocks * BLOCK_SIZE);
      for (let at = writer.write(bytes); at < bytes.length; at += writer.write(bytes.subarray(at))) {
        writer.addArena({ start: next, length: 50 });
        next += 50;
      }
      return writer.end()?.extents;
    };
    let next = 100;
    expect(store(30)).toEqual([{ logical: 0, physical: 100, length: 30 }]);
    expect(store(45)).toEqual([{ logical: 0, physical: 130, length: 45 }]);
  });

  test("every run that was written to is on record, and every other is not", () => {
    const f = new Fixture(40);
    f.store([{ offset: 0, bytes: bytesOf(25 * BLOCK_SIZE) }], 10_000);
    f.store([{ offset: 0, bytes: bytesOf(35 * BLOCK_SIZE) }], 10_000);
    f.writer.flush();
    expect(f.writer.written).toEqual([
      { start: 1, length: 25 },
      { start: 42, length: 35 },
    ]);
    const unused: Run[] = [
      { start: 26, length: 15 },
      { start: 77, length: 5 },
    ];
    expect(f.writer.unused).toEqual(unused);
  });
});

describe("contents that keep the place of zeros", () => {
  /** Where these bytes are, as a file of which `row` blocks follow one another, cut into chunks of `cut` bytes. */
  function kept(bytes: Uint8Array, zeros: "kept" | "kept in rows", row: number, cut: number) {
    const image = new Uint8Array(1 << 22);
    const writes: number[] = [];
    const sink = immediateSink((position, written) => {
      writes.push(position / BLOCK_SIZE, written.length / BLOCK_SIZE);
      image.set(written, position);
    });
    const writer = new ContentWriter(sink, () => ({ row, zeros }));
    writer.begin({ size: bytes.length, stored: bytes.length });
    let next = 1;
    const addArena = (): void => {
      writer.addArena({ start: next, length: Math.max(writer.wanted, 10) });
      next += Math.max(writer.wanted, 10) + 1;
    };
    for (let at = 0; at < bytes.length; at += cut) {
      const chunk = bytes.subarray(at, at + cut);
      for (let done = writer.write(chunk); done < chunk.length; done += writer.write(chunk.subarray(done))) {
        addArena();
      }
    }
    let place = writer.end();
    for (; place === undefined; place = writer.end()) addArena();
    writer.flush();
    return { extents: place.extents, writes, written: writer.written, unused: writer.unused, image };
  }

  /** A block of each value. */
  const blocksOf = (values: readonly number[]): Uint8Array =>
    Buffer.concat(values.map((value) => new Uint8Array(BLOCK_SIZE).fill(value)));

  test("lie in one run, of which only what is not zero is written", () => {
    for (const cut of [1e6, 4096, 1000]) {
      const { extents, writes, unused } = kept(blocksOf([0, 1, 0, 0, 2, 3, 0]), "kept", WHOLE_FILE, cut);
      expect(extents).toEqual([{ logical: 0, physical: 1, length: 7 }]);
      expect(writes).toEqual([2, 1, 5, 2]);
      expect(unused).toEqual([{ start: 8, length: 3 }]);
    }
  });

  test("have a place where they are nothing but zeros, and where nothing comes", () => {
    const zeros = kept(blocksOf([0, 0, 0]), "kept", WHOLE_FILE, 5000);
    expect(zeros.extents).toEqual([{ logical: 0, physical: 1, length: 3 }]);
    expect(zeros.writes).toEqual([]);
    expect(kept(new Uint8Array(), "kept", WHOLE_FILE, 1).extents).toEqual([]);
  });

  test("lie in rows, which have no place if they are zero", () => {
    const values = [0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 3];
    for (const cut of [1e6, 4096, 1000]) {
      const { extents, writes } = kept(blocksOf(values), "kept in rows", 4, cut);
      expect(extents).toEqual([
        { logical: 0, physical: 1, length: 8 },
        { logical: 8, physical: 12, length: 3 },
      ]);
      expect(writes).toEqual([3, 1, 6, 1, 14, 1]);
    }
  });

  test("places and bytes do not depend on how they are cut into chunks", () => {
    const cases = fc.record({
      values: fc.array(fc.nat(2), { maxLength: 60 }),
      row: fc.constantFrom(1, 2, 8, WHOLE_FILE),
      cut: fc.integer({ min: 300, max: 20_000 }),
    });
    fc.assert(
      fc.property(cases, ({ values, row, cut }) => {
        const zeros = row === WHOLE_FILE ? "kept" : "kept in rows";
        const bytes = blocksOf(values);
        const whole = kept(bytes, zeros, row, 1e7);
        const parts = kept(bytes, zeros, row, cut);
        expect({ ...parts, writes: [] }).toEqual({ ...whole, writes: [] });
        const file = new Uint8Array(bytes.length);
        for (const { logical, physical, length } of whole.extents) {
          const from = physical * BLOCK_SIZE;
          file.set(whole.image.subarray(from, from + length * BLOCK_SIZE), logical * BLOCK_SIZE);
        }
        expect(Buffer.from(file).equals(bytes)).toBe(true);
      }),
    );
  });
});
