/** Journals with wrong bytes: an error of this program, or what e2fsprogs or else the kernel makes of them. */
import { expect } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../../../src/errors.ts";
import type { Ext4Filesystem } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { Volume } from "../../../../src/filesystem/ext4/read/volume.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import {
  BLOCK,
  differentBlocks,
  filled,
  isMountable,
  journaledImage,
  replayedByDebugfs,
} from "./journal-images.ts";
import { type LogShape, LogWriter } from "./log-writer.ts";
import { randomNumbers } from "./random.ts";
import { makeForeign, withFolder } from "./support.ts";
import { openFilesystem, openJournal, scanLog, verify } from "./unpaused.ts";

const FLIPS = 80;
const SEED = 20_240_229;

const IMAGES: Readonly<Record<string, () => Uint8Array>> = {
  "no checksums": () => writtenLog({ features: ["revoke"], start: 1010 }),
  "a checksum of each transaction": () => writtenLog({ features: ["revoke", "checksum"] }),
  "checksums of version 2": () => writtenLog({ features: ["revoke", "csum_v2", "64bit"], start: 1015 }),
  "checksums of version 3, by a kernel": kernelsLog,
};

function writtenLog(shape: LogShape): Uint8Array {
  const { bytes, data } = journaledImage();
  const log = new LogWriter(bytes, shape);
  const copy = (n: number, value: number) => ({ block: data[n] ?? 0, bytes: filled(value) });
  log.transaction([copy(0, 1), copy(1, 1), copy(2, 1), copy(5, 1)], [], 1000);
  log.transaction([copy(0, 2), copy(3, 2)], [data[5] ?? 0, data[6] ?? 0], 1001);
  log.transaction([copy(4, 3), copy(0, 3)], [data[1] ?? 0], 1002);
  return log.image;
}

function kernelsLog(): Uint8Array {
  return withFolder((folder) => {
    const image = join(folder, "image");
    const copy = join(folder, "copy");
    makeForeign(image, "8M", ["-t", "ext4", "-b", "1024"]);
    withMounted(image, "rw,commit=300", (top) => {
      for (const round of ["one", "two", "three"]) {
        mkdirSync(join(top, round));
        writeFileSync(join(top, round, "file"), round.repeat(1000));
        runOk("sync", [join(top, round, "file")]);
        if (round === "two") rmSync(join(top, "one"), { recursive: true });
      }
      runOk("sync", [top]);
      copyFileSync(image, copy);
    });
    return new Uint8Array(readFileSync(copy));
  });
}

for (const [name, make] of Object.entries(IMAGES)) {
  testWith(["mke2fs", "debugfs", "loop mount"], `${name}: ${FLIPS} wrong bytes`, () => {
    const sound = make();
    const blocks = blocksOfLog(sound);
    const below = randomNumbers(SEED);
    const outcomes = { refused: 0, same: 0, kernel: 0 };
    for (let flip = 0; flip < FLIPS; flip++) {
      const image = sound.slice();
      const block = blocks[below(blocks.length)] ?? 0;
      // What says something is at the start of a block.
      const at = block * BLOCK + below(below(2) === 0 ? 64 : BLOCK);
      image[at] = (image[at] ?? 0) ^ (1 + below(255));
      const where = `block ${block}, byte ${at % BLOCK} is ${image[at]}`;
      outcomes[outcomeOf(image, where)]++;
    }
    console.error(`${name}:`, outcomes);
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.same).toBeGreaterThan(0);
  });
}

/** The journal's head, all blocks of its log, and two past them. */
function blocksOfLog(image: Uint8Array): number[] {
  const journal = openJournal(new Volume(memoryImage(image)));
  const log = scanLog(journal);
  const last = log.records.at(-1)?.index ?? 0;
  const blocks = [journal.place(0)];
  const first = journal.head.fields.s_start;
  for (let at = first; at !== journal.after(last, 8); at = journal.after(at, 1))
    blocks.push(journal.place(at));
  return blocks;
}

/**
 * "refused": by the kernel, too. "same": to the byte as by e2fsprogs. "kernel": e2fsprogs do otherwise, and the kernel
 * does what is done here, such as to take a commit block whose end alone is wrong.
 */
function outcomeOf(image: Uint8Array, where: string): "refused" | "same" | "kernel" {
  const filesystem = withoutOwnErrors(() => openFilesystem(memoryImage(image)));
  withoutOwnErrors(() => verify(memoryImage(image)));
  if (filesystem === undefined) {
    expect([where, isMountable(image)]).toEqual([where, false]);
    return "refused";
  }
  const view = withoutOwnErrors(() => readerView(filesystem));
  if (isAsByDebugfs(filesystem, image)) return "same";
  // Damage in what was replayed shows as an error when it is read, in the kernel too.
  if (view === undefined) return "kernel";
  const mounted = withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, image);
    return withMounted(path, "rw,noatime", kernelView);
  });
  expect([where, differences(view, mounted)]).toEqual([where, []]);
  return "kernel";
}

function isAsByDebugfs({ volume }: Ext4Filesystem, image: Uint8Array): boolean {
  try {
    return differentBlocks(volume.image, replayedByDebugfs(image), BLOCK).length === 0;
  } catch {
    return false;
  }
}

function withoutOwnErrors<Result>(attempt: () => Result): Result | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Docker2vmError && error.code !== "E_INTERNAL") return undefined;
    throw error;
  }
}
