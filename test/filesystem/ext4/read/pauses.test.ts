/** Whatever takes long pauses often: between two pauses only a few blocks are read. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verify } from "../../../../src/filesystem/ext4/read/verify/verify.ts";
import type { VariantName } from "../../../../src/filesystem/ext4/write/variant.ts";
import { extract } from "../../../../src/filesystem/reading/extract.ts";
import { filledContents } from "../../../../src/filesystem/reading/filled.ts";
import { type ImageReader, memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { list } from "../../../../src/filesystem/reading/list.ts";
import { lookup as lookupSteps } from "../../../../src/filesystem/reading/lookup.ts";
import { members } from "../../../../src/filesystem/reading/tar/member.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { readsOf } from "../../reading/reads.ts";
import { directory, directoryOf, symlink, withImage } from "../write/images.ts";
import { withFolder } from "./support.ts";
import { lookup, openFilesystem } from "./unpaused.ts";

const FILES = 4000;
const MOST_READS = 12;

/** A directory of many files and one of many directories, a large file and one of many pieces. */
function makeImage(variant: VariantName): Uint8Array {
  return withImage(
    (image) => {
      const many = new Map<string, Inode>();
      for (let i = 0; i < FILES; i++) many.set(`a-file-with-a-long-name-${i}`, image.file(`${i}`));
      const nested = new Map<string, Inode>();
      for (let i = 0; i < 400; i++) nested.set(`${i}`, directory({ link: symlink("x".repeat(90)) }));
      const large = image.file(new Uint8Array(20 << 20).fill(1));
      const root = {
        many: directoryOf(many),
        nested: directoryOf(nested),
        large,
        scattered: image.scattered(3000),
      };
      image.finish(directory(root));
      return new Uint8Array(readFileSync(image.path));
    },
    undefined,
    variant,
  );
}

/** The same without the inodes whose numbers are multiples of four, but for the filesystem's own. */
function withoutEveryFourth(image: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(image);
  const { volume } = openFilesystem(memoryImage(image));
  const { blockSize, firstInode, groups, inodeSize, inodesPerGroup } = volume.superblock;
  for (let index = firstInode - 1; index < groups * inodesPerGroup; index++) {
    if ((index + 1) % 4 !== 0) continue;
    const { inodeTable } = volume.descriptor(Math.floor(index / inodesPerGroup));
    const at = inodeTable * blockSize + (index % inodesPerGroup) * inodeSize;
    bytes.fill(0, at, at + inodeSize);
  }
  return bytes;
}

for (const variant of ["ext4", "ext3"] as const) {
  describe(variant, () => {
    const bytes = makeImage(variant);
    const work: Readonly<Record<string, (image: ImageReader) => Generator<unknown, unknown>>> = {
      verify,
      *list(image) {
        yield* list(openFilesystem(image), "/", { recursive: true });
      },
      *members(image) {
        yield* members(openFilesystem(image), "/", () => undefined);
      },
      *"contents of a large file"(image) {
        const filesystem = openFilesystem(image);
        yield* filledContents(filesystem, lookup(filesystem, "large"));
      },
      *"contents of a file in pieces"(image) {
        const filesystem = openFilesystem(image);
        yield* filledContents(filesystem, lookup(filesystem, "scattered"));
      },
      *"a name in a large directory"(image) {
        yield* lookupSteps(openFilesystem(image), `many/a-file-with-a-long-name-${FILES - 1}`);
      },
    };
    for (const [name, steps] of Object.entries(work)) {
      test(`${name} pauses`, () => {
        const { all, most } = readsOf(memoryImage(bytes), steps);
        expect(most).toBeLessThanOrEqual(MOST_READS);
        expect(all).toBeGreaterThan(MOST_READS);
      });
    }

    test("verify pauses, whichever inodes are in use", () => {
      const { most } = readsOf(memoryImage(withoutEveryFourth(bytes)), verify);
      expect(most).toBeLessThanOrEqual(MOST_READS);
    });

    test("extract pauses", () => {
      withFolder((folder) => {
        const { all, most } = readsOf(memoryImage(bytes), (image) =>
          extract(openFilesystem(image), "/", join(folder, "out")),
        );
        expect(most).toBeLessThanOrEqual(MOST_READS);
        expect(all).toBeGreaterThan(3000);
      });
    });
  });
}
