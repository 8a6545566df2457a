import { testWith } from "../../../support/oracles.ts";
import { randomCases } from "../../../support/random-cases.ts";
import { checkRandomTrees } from "./random-trees.ts";

testWith(
  ["e2fsck", "loop mount", "getfattr"],
  "of random trees e2fsck finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(randomCases("random trees in ext4", { some: 10, all: 10 })),
);
