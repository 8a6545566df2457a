import { checkRandomErofs } from "../filesystem/erofs/write/random-trees.ts";
import { checkRandomTrees } from "../filesystem/ext4/write/random-trees.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";

testWith(
  ["e2fsck", "loop mount", "getfattr"],
  "of random trees e2fsck finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(randomCases("random trees in ext4", { some: 100, all: 300 })),
);

testWith(
  ["fsck.erofs", "loop mount", "getfattr"],
  "of random trees in EROFS fsck.erofs finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomErofs(randomCases("random trees in EROFS", { some: 100, all: 300 })),
);
