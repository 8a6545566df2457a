import { checkRandomEdits } from "../edits/random-edits.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

testWith(
  ["busybox", "chroot", "e2fsck", "fsck.erofs", "getfattr", "loop mount"],
  "of random sequences of edits the kernel sees what root makes of a copy by the same, and what is refused there is refused",
  () => checkRandomEdits(randomCases("sequences of edits", { some: 60, all: 200 }), scratch()),
);
