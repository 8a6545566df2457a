/** What e2fsck finds, verify finds: bits of metadata are flipped one at a time. */
import { expect } from "bun:test";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../../../src/errors.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectCleanFilesystem, run, testWith } from "../../../support/oracles.ts";
import { withSeed } from "../../../support/random-cases.ts";
import { directory, emptyFile, MIB, symlink, withImage, xattr } from "../write/images.ts";
import { metadataPlaces } from "./metadata-places.ts";
import { randomNumbers } from "./random.ts";
import { smallImage } from "./small-images.ts";
import { withFolder } from "./support.ts";
import { verify } from "./unpaused.ts";

const FORMS: Readonly<Record<string, readonly [flips: number, image: () => Uint8Array]>> = {
  "this project's ext4": [1200, ownImage],
  "mke2fs's ext4": [1200, () => smallImage("-t ext4 -b 1024")],
  "mke2fs's ext4 with all that is new": [
    600,
    () => smallImage("-t ext4 -b 1024 -g 2048 -O inline_data,ea_inode,orphan_file"),
  ],
  "ext4 without checksums": [500, () => smallImage("-t ext4 -b 1024 -O ^metadata_csum")],
  ext3: [500, () => smallImage("-t ext3 -b 1024")],
  "ext2 with small inodes": [500, () => smallImage("-t ext2 -b 1024 -I 128")],
};

for (const [name, [flips, image]] of Object.entries(FORMS)) {
  testWith(
    ["mke2fs", "e2fsck", "setfattr", "loop mount"],
    `${name}: verify reports every flipped bit that e2fsck does`,
    () =>
      withSeed(`bits flipped in ${name}`, (seed) => {
        const bytes = image();
        expect(verify(memoryImage(bytes)).findings).toEqual([]);
        const { missed, silent } = flipBits(bytes, flips, seed);
        console.error(`${name}: ${flips} bits flipped, ${flips - silent} reported, ${missed.length} missed`);
        expect(missed).toEqual([]);
        expect(silent).toBeLessThan(flips * 0.7);
      }),
  );
}

/** Where verify found nothing, e2fsck must find nothing either. */
function flipBits(bytes: Uint8Array, flips: number, seed: number): { missed: string[]; silent: number } {
  return withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, bytes);
    const fd = openSync(path, "r+");
    const below = randomNumbers(seed);
    const places = [...metadataPlaces(bytes)];
    const missed: string[] = [];
    let silent = 0;
    for (let i = 0; i < flips; i++) {
      const [kind = "", ofKind = []] = places[below(places.length)] ?? [];
      const place = ofKind[below(ofKind.length)] ?? { start: 0, length: 1 };
      const at = place.start + below(place.length);
      const mask = 1 << below(8);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      if (!isReported(bytes)) {
        silent++;
        writeSync(fd, bytes, at, 1, at);
        const said = run("e2fsck", ["-fn", path]);
        if (said.status !== 0)
          missed.push(`${kind}: byte ${at} (${at - place.start}), mask ${mask}: ${said.stdout}`);
      }
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      writeSync(fd, bytes, at, 1, at);
    }
    closeSync(fd);
    return { missed, silent };
  });
}

/** An error is a report too: it says that the image cannot be checked. */
function isReported(bytes: Uint8Array): boolean {
  try {
    return verify(memoryImage(bytes)).findings.length > 0;
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_UNSUPPORTED") return true;
    throw error;
  }
}

function ownImage(): Uint8Array {
  return withImage((image) => {
    const hard = image.file("one file, two names", { xattrs: [xattr("user.long", "l".repeat(700))] });
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`a-name-that-takes-some-room-${i}`, emptyFile()]),
    );
    const root = directory({
      hard,
      many: directory(many),
      scattered: image.scattered(12),
      "long-link": symlink("y".repeat(90)),
      "short-link": symlink("short"),
      large: emptyFile({ xattrs: [xattr("user.large", "l".repeat(9000)), xattr("user.small", "s")] }),
      sub: directory({ again: hard }, { xattrs: [xattr("user.short", "bbb")] }),
    });
    image.finish(root, { size: { kind: "fixed", blocks: 8 * MIB } });
    expectCleanFilesystem(image.path);
    return new Uint8Array(readFileSync(image.path));
  }, 8 * MIB);
}
