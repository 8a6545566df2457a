import { testWith } from "../../../support/oracles.ts";
import { randomCases } from "../../../support/random-cases.ts";
import { checkRandomTrees } from "./random-trees.ts";

testWith(
  ["xfs_repair", "xfs_db", "loop mount", "getfattr"],
  "of random trees xfs_repair finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(randomCases("random trees in XFS", { some: 10, all: 10 })),
);
