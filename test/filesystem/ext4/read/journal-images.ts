/** An image with an empty journal, and what debugfs and the kernel make of its journal. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, viewOf } from "../../../../src/blocks/field.ts";
import {
  SUPERBLOCK,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
} from "../../../../src/filesystem/ext4/format/superblock.ts";
import { type ImageReader, memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { run, runOk } from "../../../support/oracles.ts";
import { makeForeign, withFolder } from "./support.ts";
import { lookup, mappedRuns, openFilesystem } from "./unpaused.ts";

export const BLOCK = 1024;
const ORIGINAL = 0xee;

export interface JournaledImage {
  readonly bytes: Uint8Array;
  /** The blocks of the file /data, which are full of 0xee. */
  readonly data: readonly number[];
}

/** An image of 8 MiB with blocks of 1 KiB and a journal of 1,024. */
export function journaledImage(options = "-t ext4 -b 1024"): JournaledImage {
  return withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "folder"), { recursive: true });
    writeFileSync(join(source, "folder/file"), "contents");
    writeFileSync(join(source, "data"), Buffer.alloc(400 * BLOCK, ORIGINAL));
    const path = join(folder, "image");
    makeForeign(path, "8M", options.split(" "), source);
    const bytes = new Uint8Array(readFileSync(path));
    const filesystem = openFilesystem(memoryImage(bytes));
    const runs = [...mappedRuns(filesystem.volume, lookup(filesystem, "data"))];
    const data = runs.flatMap((run) => Array.from({ length: run.length }, (_, i) => run.physical + i));
    return { bytes, data };
  });
}

/** A block full of one byte. */
export function filled(value: number): Uint8Array {
  return new Uint8Array(BLOCK).fill(value);
}

/** The image after a replay by debugfs, which does nothing else. Throws if it refuses. */
export function replayedByDebugfs(image: Uint8Array): Uint8Array {
  return withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, image);
    // It has no end where a log has none.
    const { stderr } = run("timeout", ["20", "debugfs", "-w", "-R", "journal_run", path]);
    const said = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("debugfs "));
    if (said.length > 0) throw new Error(said.join("\n"));
    return new Uint8Array(readFileSync(path));
  });
}

/** Whether the kernel mounts the image, for which it replays the journal. */
export function isMountable(image: Uint8Array): boolean {
  return withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, image);
    const mountPoint = mkdtempSync(join(tmpdir(), "journal-mount-"));
    const { status } = run("mount", ["-t", "ext4", "-o", "loop", path, mountPoint]);
    if (status === 0) runOk("umount", [mountPoint]);
    rmdirSync(mountPoint);
    return status === 0;
  });
}

/** Fields that say who wrote when and how much, and totals, which only a kernel that mounts takes from the groups. */
const OF_THE_WRITER = new Set([
  "s_wtime",
  "s_wtime_hi",
  "s_lastcheck",
  "s_kbytes_written",
  "s_free_blocks_count_lo",
  "s_free_blocks_count_hi",
  "s_free_inodes_count",
  "s_checksum",
]);

/** Blocks that read differently, and fields of the superblock. */
export function differentBlocks(got: ImageReader, want: Uint8Array, blockSize: number): string[] {
  const differences: string[] = [];
  for (let block = 0; block * blockSize < want.length; block++) {
    const start = block * blockSize;
    const ours = got.read(start, blockSize);
    const theirs = want.subarray(start, start + blockSize);
    if (Buffer.compare(ours, theirs) === 0) continue;
    if (block === Math.floor(SUPERBLOCK_OFFSET / blockSize)) differences.push(...differentFields(got, want));
    else differences.push(`block ${block}`);
  }
  return differences;
}

function differentFields(got: ImageReader, want: Uint8Array): string[] {
  const ours = decode(SUPERBLOCK, viewOf(got.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE)), 0);
  const theirs = decode(SUPERBLOCK, viewOf(want), SUPERBLOCK_OFFSET);
  const names = Object.keys(SUPERBLOCK) as (keyof typeof SUPERBLOCK)[];
  return names.filter((name) => !OF_THE_WRITER.has(name) && String(ours[name]) !== String(theirs[name]));
}
