/** Mistakes planted with debugfs, each to be found, and said where it is. */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { run, runOk, testWith } from "../../../support/oracles.ts";
import { makeForeign, withFolder } from "./support.ts";
import { verify } from "./unpaused.ts";

interface Mistake {
  readonly requests: readonly string[];
  /** Parts of "where: what" of findings that must be among those reported. */
  readonly findings: readonly string[];
  readonly features?: string;
  /** Whether e2fsck -n, which would put it right in passing, says nothing of it. */
  readonly inPassing?: true;
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a wrong count of names": {
    requests: ["sif file links_count 7"],
    findings: ["it counts 7 names and has 1"],
  },
  "a file without a name": { requests: ["unlink file"], findings: ["no directory has a name for it"] },
  "a name of a file that is not in use": {
    requests: ["clri file"],
    findings: ["is not a file in use", "is marked as in use, but it is not"],
  },
  "a block in use that is marked as free": {
    requests: ["freeb 600 500"],
    findings: ["block bitmap: block", "is marked as free, but it is not"],
  },
  "a free block that is marked as in use": {
    requests: ["setb 6000"],
    findings: ["block bitmap: block 6000 is marked as in use, but it is not"],
  },
  "an inode in use that is marked as free": {
    requests: ["freei file"],
    findings: ["inode bitmap: inode", "is marked as free, but it is not"],
  },
  "a count of blocks": { requests: ["sif file blocks 400"], findings: ["i_blocks says 400 sectors"] },
  "a size before the last block": {
    requests: ["sif large size 10"],
    findings: ["but it has blocks past that"],
  },
  "a directory of another size": { requests: ["sif folder size 5"], findings: ["a directory of 5 bytes"] },
  "a type that is none": {
    requests: ["sif file mode 0170644"],
    findings: ["its type is none that there is"],
  },
  "a type that the directory does not know of": {
    requests: ["sif file mode 0010644", "sif file size 0"],
    findings: ["its type is 1, not 5"],
  },
  "a directory with two names": {
    requests: ["link folder again"],
    findings: ["the directory has another name"],
  },
  "a time of deletion": {
    requests: ["sif file dtime 5"],
    findings: ["it is in use, but has a time of deletion"],
  },
  "an unclean state": {
    inPassing: true,
    requests: ["ssv state 2"],
    findings: ["was not unmounted properly", "noted an error"],
  },
  "a wrong count of free blocks": {
    inPassing: true,
    requests: ["ssv free_blocks_count 5"],
    findings: ["it counts 5 free blocks"],
  },
  "a wrong count of free inodes": {
    inPassing: true,
    requests: ["ssv free_inodes_count 5"],
    findings: ["it counts 5 free inodes"],
  },
  "wrong counts in a group": {
    requests: ["set_bg 0 free_blocks_count 3", "set_bg 0 free_inodes_count 4", "set_bg 0 used_dirs_count 9"],
    findings: ["3 free blocks", "4 free inodes", "9 directories"],
  },
  "a target with another size": { requests: ["sif link size 2"], findings: ["symbolic link's target"] },
  "flags without their features": {
    requests: ["sif file flags 0x10080000"],
    findings: ["it has the flag inline data without the feature inline_data"],
  },
  "blocks and a map that are broken": {
    requests: ["sif large block[IND] 70000"],
    findings: ["the filesystem has"],
    features: "^extents,^64bit",
  },
  "a block that two files have": {
    requests: ["sif file block[0] 600", "sif other block[0] 600"],
    findings: ["block 600 is also in use elsewhere"],
    features: "^extents,^64bit",
  },
  "an inode that waits to be deleted": {
    inPassing: true,
    requests: ["ssv last_orphan 13"],
    findings: ["inode 13 waits to be deleted"],
  },
};

for (const [name, { requests, findings, features, inPassing }] of Object.entries(MISTAKES)) {
  testWith(["mke2fs", "debugfs", "e2fsck"], `${name} is found`, () => {
    withFolder((folder) => {
      const path = join(folder, "image");
      makeSmall(folder, path, features);
      expect(verify(memoryImage(readFileSync(path))).findings).toEqual([]);
      for (const request of requests) runOk("debugfs", ["-w", "-R", request, path]);
      const said = verify(memoryImage(readFileSync(path))).findings.map(
        ({ where, what }) => `${where}: ${what}`,
      );
      expect(run("e2fsck", ["-fn", path]).status === 0).toBe(inPassing ?? false);
      expect(said.length).toBeGreaterThan(0);
      for (const finding of findings) expect(said.join("\n")).toContain(finding);
    });
  });
}

function makeSmall(folder: string, path: string, features = ""): void {
  const source = join(folder, "source");
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "folder/inside"), "inside");
  writeFileSync(join(source, "file"), "contents");
  writeFileSync(join(source, "other"), "other contents");
  writeFileSync(join(source, "large"), Buffer.alloc(500_000, "large"));
  symlinkSync("target", join(source, "link"));
  const options = features === "" ? [] : ["-O", features];
  makeForeign(path, "8M", ["-t", "ext4", "-b", "1024", ...options], source);
}
