/** Images with damage of every kind: reading and checking end, and throw nothing but errors of this program. */
import { expect } from "bun:test";
import { Docker2vmError } from "../../../../src/errors.ts";
import { blockUses } from "../../../../src/filesystem/ext4/read/block-uses.ts";
import { inspect } from "../../../../src/filesystem/ext4/read/inspect.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { readTree } from "../../../../src/filesystem/reading/tree.ts";
import { unpaused } from "../../../../src/waiting/steps.ts";
import { testWith } from "../../../support/oracles.ts";
import { withSeed } from "../../../support/random-cases.ts";
import { metadataPlaces, type Place } from "./metadata-places.ts";
import { randomNumbers } from "./random.ts";
import { smallImage } from "./small-images.ts";
import { read as contents, list, openFilesystem, verify } from "./unpaused.ts";

const FORMS: Readonly<Record<string, string>> = {
  "ext4 without checksums": "-t ext4 -b 1024 -O ^metadata_csum,inline_data,ea_inode",
  "ext4 with checksums": "-t ext4 -b 1024",
  ext2: "-t ext2 -b 1024",
};
const ROUNDS = 150;

for (const [name, options] of Object.entries(FORMS)) {
  testWith(
    ["mke2fs", "e2fsck", "setfattr", "loop mount"],
    `${name}: no damage makes it hang or fall over`,
    () =>
      withSeed(`damage in ${name}`, (seed) => {
        const below = randomNumbers(seed);
        const sound = smallImage(options);
        const places = [...metadataPlaces(sound).values()];
        for (let round = 0; round < ROUNDS; round++) {
          const bytes = sound.slice();
          const times = 1 + below(8);
          for (let i = 0; i < times; i++) damage(bytes, places, below);
          expectOnlyOwnErrors(() => verify(memoryImage(bytes)));
          expectOnlyOwnErrors(() => readAll(bytes));
          expectOnlyOwnErrors(() => goThroughBlocks(bytes));
        }
      }),
  );
}

/** A few bytes of one place: random ones, extreme ones, or those of another place. */
function damage(
  bytes: Uint8Array,
  places: readonly (readonly Place[])[],
  below: (bound: number) => number,
): void {
  const ofKind = places[below(places.length)] ?? [];
  const { start, length } = ofKind[below(ofKind.length)] ?? { start: 0, length: 1 };
  const at = start + (below(length) & ~3);
  const size = 1 + below(16);
  const way = below(3);
  if (way === 0) bytes.fill(below(2) * 255, at, at + size);
  else if (way === 1) for (let i = 0; i < size; i++) bytes[at + i] = below(256);
  else {
    const other = ofKind[below(ofKind.length)] ?? { start: 0, length: 1 };
    bytes.copyWithin(at, other.start, other.start + size);
  }
}

/** Reads everything that can be reached. */
function readAll(bytes: Uint8Array): void {
  const filesystem = openFilesystem(memoryImage(bytes), { ignoreJournal: true });
  inspect(filesystem);
  for (const { inode } of list(filesystem, "/", { recursive: true })) {
    const file = filesystem.inode(inode);
    filesystem.xattrs(file);
    if (file.type !== "file" || filesystem.isEncrypted(file)) continue;
    let read = 0;
    for (const piece of contents(filesystem, file)) read += piece.bytes.length;
    expect(read).toBeLessThanOrEqual(bytes.length + filesystem.superblock.blockSize);
  }
  readTree(filesystem);
}

/** Whatever is named lies in the filesystem. */
function goThroughBlocks(bytes: Uint8Array): void {
  const { volume } = openFilesystem(memoryImage(bytes), { ignoreJournal: true });
  for (const { start, length } of unpaused(blockUses(volume))) {
    expect(length).toBeGreaterThan(0);
    expect(start + length).toBeLessThanOrEqual(volume.superblock.blocks);
  }
}

function expectOnlyOwnErrors(attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code === "E_INTERNAL") throw error;
  }
}
