/** What is committed of ovms-init is what its sources give: who reads these need not believe the binaries. */
import { expect } from "bun:test";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { compileGuest } from "../guest/compile.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

for (const [architecture, machine] of [
  ["amd64", "x86_64"],
  ["arm64", "aarch64"],
] as const) {
  testWith(
    ["npm"],
    `ovms-init for ${architecture} is its sources, compiled, to the byte, wherever that is done`,
    () => {
      for (const folder of [scratch(machine), scratch(`elsewhere of another length ${machine}`)]) {
        expect(compileGuest(machine, folder).equals(ovmsInit(architecture))).toBe(true);
      }
    },
  );
}
