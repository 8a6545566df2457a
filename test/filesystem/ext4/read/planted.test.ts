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
  /** Further options of mke2fs. */
  readonly options?: readonly string[];
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
  "sizes of what comes after an inode's first fields": {
    inPassing: true,
    requests: ["ssv min_extra_isize 33", "ssv want_extra_isize 256"],
    findings: ["s_min_extra_isize cannot be 33", "s_want_extra_isize cannot be 256"],
  },
  "a large file without the feature": {
    requests: ["feature -large_file", "sif large size 0x80000000"],
    findings: ["its size is 2147483648, which needs the feature large_file"],
  },
  "a list of reserved blocks that is a large file without the feature": {
    requests: ["feature -large_file"],
    findings: ["inode 7: its size is 4299210752, which needs the feature large_file"],
    options: ["-b", "4096"],
  },
  "a list of reserved blocks that is too short": {
    requests: ["sif <7> size 20000"],
    findings: ["inode 7: its size is 20000, but it has blocks past that"],
    options: ["-g", "2048"],
  },
  "a last group without its block bitmap": {
    requests: ["set_bg 0 flags 2", "set_bg 0 checksum calc"],
    findings: ["group 0: its block bitmap is not on disk, which that of the last group must be"],
  },
  "more unused inodes than free ones": {
    requests: ["set_bg 0 itable_unused 2040", "set_bg 0 checksum calc"],
    findings: ["group 0: it has more unused inodes than free ones"],
  },
  "meta_bg past the groups": {
    requests: ["ssv first_meta_bg 9"],
    findings: ["meta_bg begins past the last group"],
    features: "^resize_inode,meta_bg",
  },
  "blocks of a boot loader that is not there": {
    requests: ["sif <5> blocks 8"],
    findings: ["inode 5: nothing uses it, but it holds something"],
  },
  "attributes of a reserved inode": {
    requests: ["sif <6> file_acl 600"],
    findings: ["inode 6: nothing uses it, but it holds something"],
  },
  "a reserved inode of an impossible size": {
    requests: ["sif <10> size 0x2000000000"],
    findings: ["inode 10: its size is 137438953472, more than any mapping reaches"],
  },
  "the upper half of a reserved inode's blocks": {
    requests: ["sif <9> blocks_hi 1"],
    findings: ["inode 9: nothing uses it, but it holds something"],
  },
  "an inode that waited to be deleted, where it was not noted when the filesystem was made": {
    requests: ["ssv mkfs_time 0", "sif <30> dtime 5"],
    findings: ["inode 30: it waits to be deleted"],
    features: "^metadata_csum",
  },
  "an inline directory of another size": {
    requests: ["sif folder size 64"],
    findings: ["its size is 64, and it holds 60 bytes in itself"],
    features: "inline_data",
  },
  "an inline symbolic link of another size": {
    requests: ["sif long size 65"],
    findings: ["its size is 65, and it holds 90 bytes in itself"],
    features: "inline_data",
  },
  "an inline file of an impossible size": {
    requests: ["sif file size 0x1000000008"],
    findings: ["its size is 68719476744, and it holds 60 bytes in itself"],
    features: "inline_data",
  },
  "an inline file with extents": {
    requests: ["sif file flags 0x10080000"],
    findings: ["its contents are said to be in itself and in extents"],
    features: "inline_data",
  },
  "an inline directory with an index": {
    requests: ["sif folder flags 0x10001000"],
    findings: ["a directory in its inode has no blocks for an index"],
    features: "inline_data",
  },
  "an inline file without an attribute for that": {
    requests: ["sif large flags 0x10000000"],
    findings: ["it has no attribute for the contents that it is to hold in itself"],
    features: "inline_data,^extents,^64bit",
  },
  "a short target with extents": {
    requests: ["sif link flags 0x80000"],
    findings: ["its target is said to be in itself and in extents"],
  },
  "a short target in a block": {
    requests: ["sif long size 40", "zap_block -f long -o 40 -l 50 -p 0 0"],
    findings: ["a target of 40 bytes is not in that place"],
  },
  "a device that is only appended to": {
    requests: ["mknod device c 1 3", "sif device flags 0x20", "sif device block[5] 7"],
    findings: ["it is immutable or only appended to, which a char cannot be"],
  },
  "a name of the orphan file": {
    requests: ["link <12> again"],
    findings: ["inode 12 is not a file in use"],
    features: "orphan_file",
  },
  "an orphan file without a last block": {
    requests: ["sif <12> size 32000"],
    findings: ["inode 12: the orphan file does not end with a block"],
    features: "orphan_file",
  },
  "an orphan file with a hole": {
    inPassing: true,
    requests: ["punch <12> 3 3"],
    findings: ["inode 12: the orphan file has no block 3"],
    features: "orphan_file",
  },
  "an orphan file without a journal": {
    requests: ["feature -has_journal", "ssv journal_inum 0"],
    findings: ["an orphan file needs a journal"],
    features: "orphan_file",
  },
};

for (const [name, { requests, findings, features, options, inPassing }] of Object.entries(MISTAKES)) {
  testWith(["mke2fs", "debugfs", "e2fsck"], `${name} is found`, () => {
    withFolder((folder) => {
      const path = join(folder, "image");
      makeSmall(folder, path, features, options);
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

function makeSmall(folder: string, path: string, features = "", further: readonly string[] = []): void {
  const source = join(folder, "source");
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(join(source, "folder/inside"), "inside");
  writeFileSync(join(source, "file"), "contents");
  writeFileSync(join(source, "other"), "other contents");
  writeFileSync(join(source, "large"), Buffer.alloc(500_000, "large"));
  symlinkSync("target", join(source, "link"));
  symlinkSync("y".repeat(90), join(source, "long"));
  const options = features === "" ? [] : ["-O", features];
  makeForeign(path, "8M", ["-t", "ext4", "-b", "1024", ...options, ...further], source);
}
