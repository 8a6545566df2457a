import { testWith } from "../../../support/oracles.ts";
import { checkRandomTrees } from "./random-trees.ts";

testWith(
  ["xfs_repair", "xfs_db", "loop mount", "getfattr"],
  "of 40 random trees xfs_repair finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(40),
);
