import { checkRoundTrip, checkRoundTrips } from "../rootfs/round-trips.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";
import { SYSTEMD_IMAGE_ORACLES, systemdTar } from "../support/systemd-image.ts";

const scratch = scratchFolder();

testWith(
  ["e2fsck", "getfattr", "loop mount"],
  "random trees go from ext4 to EROFS, to XFS and back, and nothing of them changes",
  () => checkRoundTrips(randomCases("round trips", { some: 300, all: 300 }), scratch("trips")),
);

testWith(["e2fsck", "getfattr", "loop mount", ...SYSTEMD_IMAGE_ORACLES], "a Debian system does so, too", () =>
  checkRoundTrip(`rootfs-tar:${systemdTar()}`, scratch("debian")),
);
