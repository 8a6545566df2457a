import { expect } from "bun:test";
import { lstatSync, readFileSync } from "node:fs";
import type { Directory, Inode, RegularFile } from "../../../../src/tree/inode.ts";
import { expectCleanFilesystem, type Oracle, testWith } from "../../../support/oracles.ts";
import { device, directory, directoryOf, special, symlink } from "../../ext4/write/images.ts";
import { withErofs, withErofsMount } from "./images.ts";
import { expectShown, fileOf } from "./shown.ts";

const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];

function namesOf(node: Inode, count: number): Map<string, Inode> {
  return new Map(Array.from({ length: count }, (_, n) => [`name ${n}`, node]));
}

testWith(ORACLES, "inodes of every type have several names, a file 5,000", () => {
  withErofs((image) => {
    const several: Inode[] = [
      fileOf(image, 0),
      fileOf(image, 100),
      fileOf(image, 4096),
      fileOf(image, 9000),
      symlink("somewhere"),
      special("fifo"),
      device("char", 5, 1),
    ];
    const folders = several.map((node, n): [string, Directory] => [
      `${n}`,
      directoryOf(namesOf(node, n + 2)),
    ]);
    const many = directoryOf(namesOf(fileOf(image, 5), 5000));
    expectShown(image, directoryOf(new Map([...folders, ["many", many], ["again", several[1] ?? many]])));
  });
});

testWith(["fsck.erofs", "loop mount"], "a file has 70,000 names, and a directory as many directories", () => {
  withErofs((image) => {
    const time = { seconds: 0, nanoseconds: 0 };
    const linked: RegularFile = image.file("contents", { mtime: time });
    const empty: RegularFile = image.file("", { mtime: time });
    const folders = Array.from({ length: 70_000 }, (_, n): [string, Inode] => [`${n}`, directory()]);
    const root = directory({
      files: directoryOf(new Map([...namesOf(linked, 70_000), ["empty", empty]])),
      empties: directoryOf(namesOf(empty, 69_999)),
      folders: directoryOf(new Map(folders), { mtime: time }),
    });
    image.finish(root, { time });
    expectCleanFilesystem(image.path);
    withErofsMount(image.path, (folder) => {
      expect(lstatSync(`${folder}/files/name 69999`).nlink).toBe(70_000);
      expect(lstatSync(`${folder}/files/empty`).nlink).toBe(70_000);
      expect(lstatSync(`${folder}/folders`).nlink).toBe(70_002);
      expect(readFileSync(`${folder}/files/name 12345`, "latin1")).toBe("contents");
    });
  });
});
