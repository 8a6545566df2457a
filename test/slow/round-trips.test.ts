import { checkRoundTrips } from "../rootfs/round-trips.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

testWith(
  ["e2fsck", "getfattr", "loop mount"],
  "random trees go from ext4 to EROFS, to XFS and back, and nothing of them changes",
  () => checkRoundTrips(randomCases("round trips", { some: 40, all: 300 }), scratch("trips")),
);
