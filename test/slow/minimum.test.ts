import fc from "fast-check";
import { checkSmallest, randomLayers } from "../convert/smallest.ts";
import { testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

for (const [type, runs] of [
  ["ext4", { some: 40, all: 200 }],
  ["ext3", { some: 10, all: 30 }],
  ["ext2", { some: 10, all: 30 }],
] as const) {
  testWith(
    ["e2fsck", "mke2fs", "debugfs", "dumpe2fs", "loop mount", "getfattr"],
    `the smallest size of random images as ${type} is within 2 % of what mke2fs needs`,
    () =>
      fc.assert(
        fc.asyncProperty(randomLayers, fc.boolean(), (layers, withJournal) =>
          checkSmallest(
            layers,
            scratch(),
            withJournal || type !== "ext4" ? { type } : { type, journal: "off" },
          ),
        ),
        randomCases(`smallest images of ${type}`, runs),
      ),
  );
}
