import { checkRandomErofs } from "../filesystem/erofs/write/random-trees.ts";
import { checkRandomTrees } from "../filesystem/ext4/write/random-trees.ts";
import { testWith } from "../support/oracles.ts";

testWith(
  ["e2fsck", "loop mount", "getfattr"],
  "of 300 random trees e2fsck finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(300),
);

testWith(
  ["fsck.erofs", "loop mount", "getfattr"],
  "of 300 random trees in EROFS fsck.erofs finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomErofs(300),
);
