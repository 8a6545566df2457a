/** Paths, listings and facts. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ext4Filesystem } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { inspect } from "../../../../src/filesystem/ext4/read/inspect.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { fillSource } from "../../reading/fill-source.ts";
import { contentsOf } from "../../reading/views.ts";
import { makeForeign, withFilesystem, withFolder } from "./support.ts";
import { list, lookup, openFilesystem } from "./unpaused.ts";

/** a/b/file, and symlinks to it in every manner. */
function withLinks(body: (filesystem: Ext4Filesystem) => void): void {
  withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "a/b"), { recursive: true });
    writeFileSync(join(source, "a/b/file"), "found");
    symlinkSync("b/file", join(source, "a/relative"));
    symlinkSync("/a/b/file", join(source, "a/absolute"));
    symlinkSync("../../../../a/b/file", join(source, "a/above"));
    symlinkSync("a/b", join(source, "folder"));
    symlinkSync("circle", join(source, "circle"));
    symlinkSync("nowhere", join(source, "dangling"));
    const path = join(folder, "image");
    makeForeign(path, "8M", ["-t", "ext4"], source);
    withFilesystem(path, body);
  });
}

testWith(["mke2fs"], "paths lead through symlinks and never above the root", () => {
  withLinks((filesystem) => {
    const paths = ["/a/b/file", "a//b/./file", "a/relative", "a/absolute", "a/above", "../../a/b/../b/file"];
    for (const path of [...paths, "folder/file", "folder/../b/file", "/../.././folder/../relative"]) {
      const inode = lookup(filesystem, path);
      expect(Buffer.from(contentsOf(filesystem, inode)).toString()).toBe("found");
    }
    expect(lookup(filesystem, "/").number).toBe(2);
    expect(lookup(filesystem, "").number).toBe(2);
    expect(lookup(filesystem, "folder", { follow: false }).type).toBe("symlink");
    expect(lookup(filesystem, "folder/", { follow: false }).type).toBe("directory");
    expect(filesystem.readlink(lookup(filesystem, "dangling", { follow: false }))).toBe("nowhere");
  });
});

testWith(["mke2fs"], "a path that leads nowhere is said", async () => {
  const attempts: [path: string, why: string][] = [
    ["nothing", "is not in the filesystem"],
    ["a/b/file/more", "has a file where a directory is needed"],
    ["a/b/file/", "has a file where a directory is needed"],
    ["dangling", "is not in the filesystem"],
    ["circle", "more than 40 symlinks"],
  ];
  const errors: Promise<void>[] = [];
  withLinks((filesystem) => {
    for (const [path, why] of attempts)
      errors.push(expectError(() => lookup(filesystem, path), "E_PATH_NOT_FOUND", path, why));
    errors.push(expectError(() => [...filesystem.read(filesystem.root)], "E_USAGE", "is a directory"));
  });
  await Promise.all(errors);
});

testWith(
  ["mke2fs", "setfattr", "setfacl", "loop mount"],
  "a listing is by name, recursively by directory",
  () => {
    withFolder((folder) => {
      const source = join(folder, "source");
      mkdirSync(source);
      fillSource(source);
      const path = join(folder, "image");
      makeForeign(path, "16M", ["-t", "ext4"], source);
      withFilesystem(path, (filesystem) => {
        const found = runOk("find", [".", "-mindepth", "1"], { cwd: source, encoding: "latin1" });
        const want = found
          .trimEnd()
          .split("\n")
          .map((line) => line.slice(2));
        const got = [...list(filesystem, "/", { recursive: true })].map((file) => file.path);
        expect(got.filter((name) => name !== "lost+found").sort()).toEqual(want.sort());
        const names = [...list(filesystem, "/")].map((file) => file.path);
        expect(names).toEqual(
          want
            .filter((name) => !name.includes("/"))
            .concat("lost+found")
            .sort(),
        );
        expect([...list(filesystem, "disk")]).toMatchObject([
          { path: "disk", device: { major: 259, minor: 70_000 } },
        ]);
        expect([...list(filesystem, "/short-link")]).toMatchObject([
          { path: "short-link", type: "symlink", target: "tiny", mode: 0o120777, size: 4 },
        ]);
        expect([...list(filesystem, "sub/deeper")].map((file) => [file.path, file.links])).toEqual([
          ["another name", 2],
          ["deepest", 2],
        ]);
      });
    });
  },
);

testWith(["mke2fs", "dumpe2fs"], "the facts are those that dumpe2fs shows", () => {
  withFolder((folder) => {
    for (const [type, features] of [
      ["ext4", ""],
      ["ext3", ""],
      ["ext2", ""],
      ["ext4", "^64bit,^metadata_csum,mmp"],
    ]) {
      const path = join(folder, "image");
      makeForeign(
        path,
        "70M",
        ["-t", `${type}`, "-O", features || "none,filetype", "-L", "a label"].slice(0, features ? 6 : 2),
      );
      const said = runOk("dumpe2fs", ["-h", path]);
      const line = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(said)?.[1] ?? "";
      const facts = inspect(openFilesystem(memoryImage(new Uint8Array(readFileSync(path)))));
      expect(facts.type).toBe(type as "ext4");
      expect([...facts.features].sort()).toEqual(line("Filesystem features").split(" ").sort() as never);
      expect(facts.uuid).toBe(line("Filesystem UUID"));
      expect(facts.blocks).toBe(Number(line("Block count")));
      expect(facts.freeBlocks).toBe(Number(line("Free blocks")));
      expect(facts.reservedBlocks).toBe(Number(line("Reserved block count")));
      expect(facts.inodes).toBe(Number(line("Inode count")));
      expect(facts.freeInodes).toBe(Number(line("Free inodes")));
      expect(facts.inodeSize).toBe(Number(line("Inode size")));
      expect(facts.label).toBe(line("Filesystem volume name").replace("<none>", ""));
      expect(new Date((facts.created?.seconds ?? 0) * 1000).toUTCString()).toBe(
        new Date(line("Filesystem created")).toUTCString(),
      );
      expect(facts).toMatchObject({
        clean: true,
        journal: type === "ext2" ? "none" : "clean",
        mounted: undefined,
      });
    }
  });
});

test("what is no filesystem is refused, whatever it is", async () => {
  const nothing: [bytes: Uint8Array, why: string][] = [
    [new Uint8Array(0), "too short"],
    [new Uint8Array(2047), "too short"],
    [new Uint8Array(100_000), "no ext2, ext3 or ext4 filesystem"],
  ];
  for (const [bytes, why] of nothing)
    await expectError(() => openFilesystem(memoryImage(bytes)), "E_INVALID_FILESYSTEM", why);
});
