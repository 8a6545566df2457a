import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Extent, MappedList, Run } from "../../../../src/blocks/blocks.ts";
import { blocksOf } from "../../../../src/blocks/content-space.ts";
import type { Move } from "../../../../src/blocks/relocation.ts";
import { type ContentPlaces, closeUp } from "../../../../src/filesystem/erofs/write/close-up.ts";

/** What lies one behind the other: of a file in one piece, by itself, or of nobody any more. */
const parts = (longest: number, least: number, most: number) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom("file", "block", "file", "stale", "file", "block", "hole"),
      length: fc.integer({ min: 1, max: longest }),
    }),
    { minLength: least, maxLength: most },
  );
/** From block 1 on; behind short pieces a file that is longer than most gaps. */
const layouts = fc
  .tuple(parts(4, 100, 300), fc.integer({ min: 5, max: 40 }), parts(40, 0, 8))
  .map(([before, length, behind]) => [...before, { kind: "file", length }, ...behind]);

interface Laid {
  readonly files: readonly { readonly extents: readonly Extent[] }[];
  readonly blocks: readonly number[];
  readonly written: readonly Run[];
  readonly end: number;
}

function layOut(parts: readonly { readonly kind: string; readonly length: number }[]): Laid {
  const files: { extents: Extent[] }[] = [];
  const blocks: number[] = [];
  const written: Run[] = [];
  let next = 1;
  for (const { kind, length: asked } of parts) {
    const length = kind === "block" ? 1 : asked;
    if (kind !== "hole") written.push({ start: next, length });
    if (kind === "file") files.push({ extents: [{ logical: 0, physical: next, length }] });
    else if (kind === "block") blocks.push(next);
    next += length;
  }
  return { files, blocks, written, end: next };
}

function live({ files, blocks }: Laid) {
  const extents = (index: number) => files[index]?.extents ?? [];
  const forRuns: MappedList["forRuns"] = (use) => {
    for (const { extents } of files) for (const { physical, length } of extents) use(physical, length);
  };
  return { files: { length: files.length, extents, passingExtents: extents, forRuns }, blocks };
}

/** The image as the number of what each block held at first; no round may read what it writes. */
function moved(end: number, rounds: readonly (readonly Move[])[]): number[] {
  const image = Array.from({ length: end }, (_, block) => block);
  for (const moves of rounds) {
    const blocksOf = (of: "from" | "to") =>
      moves.flatMap((move) => Array.from({ length: move.length }, (_, i) => move[of] + i));
    const [read, targets] = [new Set(blocksOf("from")), blocksOf("to")];
    expect(targets.filter((block) => read.has(block))).toEqual([]);
    expect(new Set(targets).size).toBe(targets.length);
    const before = [...image];
    for (const { from, to, length } of moves) {
      for (let i = 0; i < length; i++) image[to + i] = before[from + i] ?? -1;
    }
  }
  return image;
}

/** Fails where a file is not what it was; returns how many blocks the image takes. */
function checkMoved({ files, blocks, end }: Laid, places: ContentPlaces): number {
  const image = moved(end, [places.vacating, places.moves]);
  const now = files.map(({ extents }, index) => places.moved.get(index) ?? extents);
  for (const [index, extents] of now.entries()) {
    for (const [i, { physical, length }] of extents.entries()) {
      const was = files[index]?.extents[i]?.physical ?? -1;
      const held = image.slice(physical, physical + length);
      expect(held).toEqual(Array.from({ length }, (_, block) => was + block));
    }
  }
  for (const [i, block] of blocks.entries()) expect(image[places.movedBlocks.get(i) ?? block]).toBe(block);
  return places.taken.ends.at(-1) ?? 1;
}

test("whatever lies between contents, they are what they were, and end no later", () => {
  let [windows, closed] = [0, 0];
  fc.assert(
    fc.property(layouts, fc.nat(20), (layout, metadata) => {
      const laid = layOut(layout);
      const all = live(laid);
      const places = closeUp(all, { written: laid.written, end: laid.end }, metadata, blocksOf(all.files));
      if (places.vacating.length > 0) windows++;
      if (places.moves.length > 0) closed++;
      expect(checkMoved(laid, places)).toBeLessThanOrEqual(laid.end);
    }),
    { numRuns: 500 },
  );
  expect([windows > 300, closed > 300]).toEqual([true, true]);
});
