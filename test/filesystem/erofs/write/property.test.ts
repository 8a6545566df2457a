import { testWith } from "../../../support/oracles.ts";
import { checkRandomErofs } from "./random-trees.ts";

testWith(
  ["fsck.erofs", "loop mount", "getfattr"],
  "of 40 random trees fsck.erofs finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomErofs(40),
);
