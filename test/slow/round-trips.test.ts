import { checkRoundTrips } from "../rootfs/round-trips.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

testWith(
  ["e2fsck", "getfattr", "loop mount"],
  "150 random trees go from ext4 to EROFS, to XFS and back, and nothing of them changes",
  () => checkRoundTrips(150, scratch("trips")),
);
