import { testWith } from "../../../support/oracles.ts";
import { randomCases } from "../../../support/random-cases.ts";
import { checkRandomErofs } from "./random-trees.ts";

testWith(
  ["fsck.erofs", "loop mount", "getfattr"],
  "of random trees fsck.erofs finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomErofs(randomCases("random trees in EROFS", { some: 10, all: 10 })),
);
