import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Directory } from "../../../../src/tree/inode.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { expectCleanFilesystem } from "../../../support/oracles.ts";
import type { RandomCases } from "../../../support/random-cases.ts";
import { expectedView, grow, treeCases } from "../../ext4/write/random-trees.ts";
import { type ErofsImage, wholeTime, withErofs, withErofsMount } from "./images.ts";

const packings = fc.option(
  fc.record({
    algorithm: fc.constant("lz4" as const),
    level: fc.constantFrom(1, 3),
    clusterBlocks: fc.constantFrom(1, 4, 16),
  }),
  { nil: undefined },
);

/**
 * Draws trees. Of each fsck.erofs has nothing to say, the kernel shows it as it was, and the bytes are the same
 * again, however the contents are cut into chunks.
 */
export function checkRandomErofs(runs: RandomCases): void {
  fc.assert(
    fc.property(treeCases, fc.integer({ min: 500, max: 10_000 }), packings, (drawn, cut, packing) => {
      const make = (check: (image: ErofsImage, root: Directory) => void, pieces?: number): Buffer =>
        withErofs(
          (image) => {
            const root = grow(image, drawn);
            image.finish(root);
            check(image, root);
            return readFileSync(image.path);
          },
          { cut: pieces ?? 1 << 20, packing },
        );
      const first = make((image, root) => {
        expectCleanFilesystem(image.path);
        withErofsMount(image.path, (mountPoint) =>
          expect(differences(kernelView(mountPoint), expectedView(root, wholeTime))).toEqual([]),
        );
      });
      expect(first.equals(make(() => undefined, cut))).toBe(true);
    }),
    runs,
  );
}
