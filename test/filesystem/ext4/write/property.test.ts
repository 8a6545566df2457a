import { testWith } from "../../../support/oracles.ts";
import { checkRandomTrees } from "./random-trees.ts";

testWith(
  ["e2fsck", "loop mount", "getfattr"],
  "of 60 random trees e2fsck finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(60),
);
