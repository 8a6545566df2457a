import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { type Oracle, testWith } from "../../../support/oracles.ts";
import { device, directoryOf, special, symlink } from "../../ext4/write/images.ts";
import { withErofs } from "./images.ts";
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
