/** What cannot be read as it should be is said by name. */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { makeForeign, withFolder } from "./support.ts";
import { list, lookup, openFilesystem, verify } from "./unpaused.ts";

const INCOMPAT = 1024 + 0x60;

/** An image without checksums that holds folder/file, after requests to debugfs. */
function image(requests: readonly string[] = [], features = "^metadata_csum"): Uint8Array {
  return withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "folder"), { recursive: true });
    writeFileSync(join(source, "folder/file"), "contents");
    const path = join(folder, "image");
    makeForeign(path, "8M", ["-t", "ext4", "-O", features], source);
    for (const request of requests) runOk("debugfs", ["-w", "-R", request, path]);
    return new Uint8Array(readFileSync(path));
  });
}

testWith(["mke2fs"], "a feature that is not understood is refused by its name or bit", async () => {
  const attempts: [bit: number, said: string][] = [
    [0x1, "the feature compression"],
    [0x8, "name the filesystem's own image"],
    [0x1000, "the feature dirdata"],
    [0x4000_0000, "the feature FEATURE_I30"],
    [0x1001, "the features compression, dirdata"],
  ];
  const bytes = image();
  for (const [bit, said] of attempts) {
    const changed = Buffer.from(bytes);
    changed.writeInt32LE(changed.readInt32LE(INCOMPAT) | bit, INCOMPAT);
    await expectError(() => openFilesystem(memoryImage(changed)), "E_UNSUPPORTED", said);
  }
});

testWith(["mke2fs", "debugfs"], "a journal that is to be ignored is not replayed", () => {
  const dirty = memoryImage(image(["feature needs_recovery"]));
  expect(openFilesystem(dirty).journal).toBe("replayed");
  const filesystem = openFilesystem(dirty, { ignoreJournal: true });
  expect([filesystem.journal, filesystem.replay]).toEqual(["needs recovery", undefined]);
  expect(lookup(filesystem, "folder/file").size).toBe(8);
});

testWith(
  ["mke2fs", "debugfs"],
  "an encrypted directory is listed, its files' contents are refused",
  async () => {
    const encrypted = ["sif folder flags 0x80800", "sif folder/file flags 0x80800"];
    const filesystem = openFilesystem(memoryImage(image(encrypted, "encrypt,^metadata_csum")));
    expect([...list(filesystem, "folder")].map(({ path }) => path)).toEqual(["file"]);
    const file = lookup(filesystem, "folder/file");
    await expectError(() => [...filesystem.read(file)], "E_UNSUPPORTED", "is encrypted");
  },
);

testWith(
  ["mke2fs", "debugfs"],
  "a directory that ignores case is listed, but not looked into by name",
  async () => {
    const bytes = image(["sif folder flags 0x40080000"], "casefold,^metadata_csum");
    const filesystem = openFilesystem(memoryImage(bytes));
    expect([...list(filesystem, "folder")].map(({ path }) => path)).toEqual(["file"]);
    await expectError(() => lookup(filesystem, "folder/file"), "E_UNSUPPORTED", "ignores case");
  },
);

testWith(["mke2fs"], "bigalloc is read, but not verified", async () => {
  const clusters = memoryImage(image([], "bigalloc"));
  expect(lookup(openFilesystem(clusters), "folder/file").size).toBe(8);
  await expectError(() => verify(clusters), "E_UNSUPPORTED", "bigalloc", "e2fsck");
});

testWith(["mke2fs"], "an image that is cut short is refused", async () => {
  const bytes = image();
  const cut = memoryImage(bytes.subarray(0, bytes.length - 1));
  await expectError(() => openFilesystem(cut), "E_INVALID_FILESYSTEM", "superblock", "the image ends after");
  expect(verify(cut).findings).toMatchObject([{ where: "superblock" }]);
});
