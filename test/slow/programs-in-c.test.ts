/** What is committed of programs in C is what their sources give: who reads these need not believe the binaries. */
import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { WASM } from "../../src/filesystem/erofs/lz4/built.ts";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { compileLz4 } from "../filesystem/erofs/lz4/compile.ts";
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

testWith(["npm"], "so is what compresses for EROFS", () => {
  mkdirSync(scratch("lz4"));
  expect(compileLz4(scratch("lz4")).toString("base64")).toBe(WASM.replaceAll("\n", ""));
});
