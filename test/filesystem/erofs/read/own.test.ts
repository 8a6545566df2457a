/** Images of this project's writer, against what the kernel shows of them. */
import { expect } from "bun:test";
import fc from "fast-check";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { testWith } from "../../../support/oracles.ts";
import { randomCases } from "../../../support/random-cases.ts";
import { everything } from "../../ext4/write/everything.ts";
import { grow, treeCases } from "../../ext4/write/random-trees.ts";
import { readerView } from "../../reading/views.ts";
import { type ErofsImage, withErofs } from "../write/images.ts";
import { verifyFile, withFilesystem } from "./support.ts";

function expectAsTheKernel({ path }: ErofsImage): void {
  const want = withMounted(path, "ro", kernelView, "erofs");
  expect(differences(withFilesystem(path, readerView), want)).toEqual([]);
  expect(verifyFile(path)).toMatchObject({ findings: [], more: 0 });
}

testWith(["loop mount", "getfattr"], "every kind of file reads as the kernel shows it, and verifies", () => {
  withErofs((image) => {
    image.finish(everything(image));
    expectAsTheKernel(image);
  });
});

testWith(["loop mount", "getfattr"], "random trees do", () => {
  fc.assert(
    fc.property(treeCases, (drawn) => {
      withErofs((image) => {
        image.finish(grow(image, drawn));
        expectAsTheKernel(image);
      });
    }),
    randomCases("random trees read in EROFS", { some: 10, all: 25 }),
  );
});
