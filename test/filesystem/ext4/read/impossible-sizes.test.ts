/** Sizes that nothing on disk can have are told, with the path; large ones that can be are holes. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filledContents } from "../../../../src/filesystem/reading/filled.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { archive } from "../../../../src/filesystem/reading/tar/archive.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { directory, emptyFile, withImage } from "../write/images.ts";
import { makeForeign, withFolder } from "./support.ts";
import { extract, list, lookup, openFilesystem } from "./unpaused.ts";

/** An image of one file of each kind, changed by debugfs. */
function changedImage(request: string, options: readonly string[]): Uint8Array {
  return withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "top/folder"), { recursive: true });
    writeFileSync(join(source, "top/file"), "hello");
    writeFileSync(join(source, "top/folder/inside"), "");
    symlinkSync("x".repeat(100), join(source, "top/link"));
    makeForeign(join(folder, "image"), "8M", options, source);
    runOk("debugfs", ["-w", "-R", request, join(folder, "image")]);
    return new Uint8Array(readFileSync(join(folder, "image")));
  });
}

const EXTENTS = ["-t", "ext4", "-b", "4096"];
const POINTERS = ["-t", "ext3", "-b", "1024"];
const FILE = "more than its mapping reaches";
const FOLDER = "which no directory has";
const LINK = "its size is not that of the symbolic link's target";

for (const [name, size, options, what] of [
  ["file", 2 ** 58, EXTENTS, FILE],
  ["file", 2 ** 44, EXTENTS, FILE],
  ["file", (12 + 256 + 256 ** 2 + 256 ** 3) * 1024 + 1, POINTERS, FILE],
  ["folder", 2 ** 58, EXTENTS, FOLDER],
  ["folder", 0, EXTENTS, FOLDER],
  ["folder", 4097, POINTERS, FOLDER],
  ["link", 2 ** 58, EXTENTS, LINK],
  ["link", 100_000, POINTERS, LINK],
] as const) {
  testWith(["mke2fs", "debugfs"], `a ${name} of ${size} bytes (${options[1]}) is broken`, async () => {
    const bytes = changedImage(`set_inode_field top/${name} size ${size}`, options);
    const filesystem = openFilesystem(memoryImage(bytes));
    const said = ["E_INVALID_FILESYSTEM", `top/${name}`, what] as const;
    const folders: string[] = [];
    await Promise.all([
      withFolder((folder) => {
        const out = join(folder, "out");
        const failed = expectError(() => extract(filesystem, "/", out), ...said);
        folders.push(...readdirSync(join(out, "top")));
        return failed;
      }),
      expectError(() => Array.fromAsync(archive(filesystem, "/", () => undefined)), ...said),
    ]);
    // Nothing is there that holds less than it says.
    expect(folders).not.toContain(name === "folder" ? "inside" : name);
    if (name === "file")
      await expectError(() => [...filledContents(filesystem, lookup(filesystem, "top/file"))], said[0], what);
    else await expectError(() => [...list(filesystem, "/", { recursive: true })], ...said);
  });
}

test("a file of 1 TiB without contents is extracted as a hole", () => {
  withImage((image) => {
    image.finish(directory({ vast: { ...emptyFile(), size: 2 ** 40 } }));
    const filesystem = openFilesystem(memoryImage(new Uint8Array(readFileSync(image.path))));
    withFolder((folder) => {
      extract(filesystem, "/", join(folder, "out"));
      const { size, blocks } = statSync(join(folder, "out/vast"));
      expect([size, blocks]).toEqual([2 ** 40, 0]);
    });
  });
});
