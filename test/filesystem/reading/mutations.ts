/** Images with damage of every kind: reading, extracting and checking end, and throw nothing but errors of this program. */
import { expect } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Docker2vmError } from "../../../src/errors.ts";
import { extract } from "../../../src/filesystem/reading/extract.ts";
import type { ImageReader } from "../../../src/filesystem/reading/image.ts";
import { list } from "../../../src/filesystem/reading/list.ts";
import type { FilesystemReader } from "../../../src/filesystem/reading/reader.ts";
import { readTree } from "../../../src/filesystem/reading/tree.ts";
import { finished, unpaused } from "../../../src/waiting/steps.ts";
import { withSeed } from "../../support/random-cases.ts";
import { randomNumbers } from "../ext4/read/random.ts";

/** Bytes of an image that say what is where. */
export interface Region {
  readonly start: number;
  readonly length: number;
}

interface Damaging {
  readonly sound: ImageReader;
  /** None over the border of two blocks. */
  readonly regions: readonly Region[];
  readonly rounds: number;
  /** Makes checksums of a damaged block right again, so that what is behind them is reached. */
  readonly mend: (block: Uint8Array, number: number) => void;
}

export const BLOCK = 4096;

/** An image with other blocks in it, copied as they are asked for. */
class DamagedImage implements ImageReader {
  readonly size: number;
  readonly blocks = new Map<number, Uint8Array>();
  readonly #sound: ImageReader;

  constructor(sound: ImageReader) {
    this.#sound = sound;
    this.size = sound.size;
  }

  block(number: number): Uint8Array {
    const block = this.blocks.get(number) ?? this.#sound.read(number * BLOCK, BLOCK);
    this.blocks.set(number, block);
    return block;
  }

  read(position: number, length: number): Uint8Array {
    const bytes = this.#sound.read(position, length);
    for (const [number, block] of this.blocks) {
      const at = number * BLOCK - position;
      if (at >= bytes.length || at + block.length <= 0) continue;
      bytes.set(block.subarray(Math.max(-at, 0), bytes.length - at), Math.max(at, 0));
    }
    return bytes;
  }
}

/** What one file may be read of; damage can make it larger than there is time for. */
const MOST_READ = 2 ** 24;

/** One image in so many is also extracted, which takes far longer than reading it. */
const EXTRACTED = 4;
/** And one in so many is asked what its blocks are for. */
const GONE_THROUGH = 2;

/** Damages the image so many times, each time anew, and reads all that is left of it. */
export function expectOnlyOwnErrors(name: string, reader: FilesystemReader, damaging: Damaging): void {
  withSeed(`damage in ${name}`, (seed) => damageAndRead(reader, damaging, randomNumbers(seed)));
}

function damageAndRead(
  reader: FilesystemReader,
  { sound, regions, rounds, mend }: Damaging,
  below: (bound: number) => number,
): void {
  const folder = mkdtempSync(join(tmpdir(), "mutations-"));
  try {
    for (let round = 0; round < rounds; round++) {
      const image = new DamagedImage(sound);
      const times = 1 + below(8);
      for (let i = 0; i < times; i++) damage(image, regions, below);
      for (const [number, block] of image.blocks) mend(block, number);
      attempt(() => finished(reader.verify(image)));
      attempt(() => readAll(reader, image));
      if (round % GONE_THROUGH === 0) attempt(() => goThroughBlocks(reader, image));
      if (round % EXTRACTED === 0) attempt(() => extractAll(reader, image, folder));
      expect(readdirSync(folder)).toEqual([]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A few bytes of one region: random ones, extreme ones, or those of another place in it. */
function damage(image: DamagedImage, regions: readonly Region[], below: (bound: number) => number): void {
  const { start, length } = regions[below(regions.length)] ?? { start: 0, length: 1 };
  const block = image.block(Math.floor(start / BLOCK));
  const region = block.subarray(start % BLOCK, (start % BLOCK) + length);
  const at = below(length) & ~1;
  const size = 1 + below(8);
  const way = below(4);
  if (way === 0) region.fill(below(2) * 255, at, at + size);
  else if (way === 1) region[at] = (region[at] ?? 0) ^ (1 << below(8));
  else if (way === 2) for (let i = 0; i < size; i++) region[at + i] = below(256);
  else region.copyWithin(at, below(length) & ~3, (below(length) & ~3) + size);
}

function readAll(reader: FilesystemReader, image: ImageReader): void {
  const { filesystem, facts } = finished(reader.open(image, { ignoreJournal: true }));
  facts();
  for (const { inode } of unpaused(list(filesystem, "/", { recursive: true }))) {
    const file = filesystem.inode(inode);
    attempt(() => filesystem.xattrs(file));
    if (file.type === "file") attempt(() => readSome(unpaused(filesystem.read(file))));
  }
  readTree(filesystem);
}

function readSome(pieces: Iterable<{ readonly offset: number; readonly bytes: Uint8Array }>): void {
  let [read, end] = [0, 0];
  for (const { offset, bytes } of pieces) {
    // Ascending, and never more at once than is said.
    expect(offset).toBeGreaterThanOrEqual(end);
    expect(bytes.length).toBeLessThanOrEqual(2 ** 20);
    end = offset + bytes.length;
    read += bytes.length;
    if (read > MOST_READ) return;
  }
}

/** Uses of blocks that are looked at; damage may name more. */
const MOST_USES = 2 ** 18;

function goThroughBlocks(reader: FilesystemReader, image: ImageReader): void {
  const { facts, blockUses } = finished(reader.open(image, { ignoreJournal: true }));
  facts();
  let seen = 0;
  for (const { start, length } of unpaused(blockUses())) {
    expect(Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(length) && length > 0).toBe(
      true,
    );
    if (++seen > MOST_USES) return;
  }
}

/** Into a folder in the given one, which is empty before and afterwards. */
function extractAll(reader: FilesystemReader, image: ImageReader, folder: string): void {
  const destination = join(folder, "out");
  mkdirSync(destination);
  try {
    const { filesystem } = finished(reader.open(image, { ignoreJournal: true }));
    const steps = extract(filesystem, "/", destination);
    for (let i = 0; steps.next().done !== true; i++) if (i > 5000) steps.return(undefined as never);
  } finally {
    expect(readdirSync(folder)).toEqual(["out"]);
    if (existsSync(destination)) rmSync(destination, { recursive: true });
  }
}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code === "E_INTERNAL") throw error;
  }
}
