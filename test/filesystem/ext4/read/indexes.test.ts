/** Indexes of every hash that there is, as e2fsck makes them. */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { unpaused } from "../../../../src/waiting/steps.ts";
import { expectCleanFilesystem, run, runOk, testWith } from "../../../support/oracles.ts";
import { makeForeign, withFolder } from "./support.ts";
import { lookup, openFilesystem, verify } from "./unpaused.ts";

/** s_flags: how characters beyond ASCII count. */
const SIGNEDNESS = { signed: 1, unsigned: 2 };

for (const algorithm of ["legacy", "half_md4", "tea"]) {
  for (const [signedness, flags] of Object.entries(SIGNEDNESS)) {
    testWith(["mke2fs", "debugfs", "e2fsck"], `an index by ${algorithm}, ${signedness}, verifies`, () => {
      withFolder((folder) => {
        const path = indexedImage(folder, algorithm, flags);
        const bytes = new Uint8Array(readFileSync(path));
        const filesystem = openFilesystem(memoryImage(bytes));
        expect(lookup(filesystem, "many").fields.i_flags & 0x1000).toBe(0x1000);
        expect([...unpaused(filesystem.entries(lookup(filesystem, "many")))]).toHaveLength(400);
        expect(verify(memoryImage(bytes)).findings).toEqual([]);
      });
    });

    testWith(
      ["mke2fs", "debugfs", "e2fsck"],
      `names by ${algorithm}, ${signedness}, hash in no other way`,
      () => {
        withFolder((folder) => {
          const path = indexedImage(folder, algorithm, flags);
          runOk("debugfs", ["-w", "-R", `ssv flags ${flags === 1 ? 2 : 1}`, path]);
          const findings = verify(memoryImage(new Uint8Array(readFileSync(path)))).findings;
          expect(findings.map(({ what }) => what)).toContain("it is not where the index looks");
        });
      },
    );
  }
}

/** 400 names with a character beyond ASCII each, in a directory with an index. */
function indexedImage(folder: string, algorithm: string, flags: number): string {
  const source = join(folder, "source");
  const path = join(folder, "image");
  mkdirSync(join(source, "many"), { recursive: true });
  for (let i = 0; i < 400; i++) {
    const name = `${i}\xe9${"long name ".repeat(i % 5)}`;
    writeFileSync(Buffer.from(`${source}/many/${name}`, "latin1"), "");
  }
  makeForeign(path, "8M", ["-t", "ext4", "-b", "1024", "-O", "^metadata_csum"], source);
  runOk("tune2fs", ["-E", `hash_alg=${algorithm}`, path]);
  runOk("debugfs", ["-w", "-R", `ssv flags ${flags}`, path]);
  // Says 1 for what it changed.
  run("e2fsck", ["-fyD", path]);
  expectCleanFilesystem(path);
  return path;
}
