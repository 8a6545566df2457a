/** What the kernel shows of an image, and what it makes of one that it works on. */
import { expect } from "bun:test";
import {
  appendFileSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Directory, Timestamp } from "../../../../src/tree/inode.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { churn, churnable } from "../../ext4/write/churning.ts";
import { expectSame } from "../../ext4/write/everything.ts";
import {
  device,
  directory,
  emptyFile,
  fixed,
  MIB,
  special,
  symlink,
  xattr,
} from "../../ext4/write/images.ts";
import { type Image, withImage } from "./images.ts";
import { expectSilentRepair, withMount } from "./mounting.ts";

const EARLY: Timestamp = { seconds: -(2 ** 31), nanoseconds: 999_999_999 };
const BEFORE_EPOCH: Timestamp = { seconds: -1000, nanoseconds: 5 };
const AFTER_2038: Timestamp = { seconds: 2 ** 31, nanoseconds: 1 };
/** The second of July 2486. */
const LATE: Timestamp = { seconds: 16_299_260_424, nanoseconds: 999_999_999 };

function everything(image: Image): Directory {
  const hard = image.file("one file, three names");
  return directory(
    {
      empty: emptyFile({ mode: 0o4755 }),
      text: image.file("hello, world\n", { mode: 0o640, uid: 3_000_000_000, gid: 70_000 }),
      big: image.file(Buffer.alloc(300_001, "0123456789abcdef"), {
        mtime: EARLY,
        atime: LATE,
        ctime: AFTER_2038,
      }),
      holes: image.scattered(700),
      hard,
      "old-time": emptyFile({ mtime: BEFORE_EPOCH, atime: EARLY, ctime: BEFORE_EPOCH }),
      "late-time": emptyFile({ mtime: LATE, atime: LATE, ctime: LATE }),
      fifo: special("fifo"),
      socket: special("socket"),
      null: device("char", 1, 3),
      largest: device("char", 511, 262_143),
      "large-minor": device("block", 8, 256),
      "link-336": symlink("a".repeat(336)),
      "link-1023": symlink("c".repeat(1023)),
      "link-bytes": symlink("caf\xe9/\xff\xfe"),
      sub: directory({ again: hard, "and more": directory({ hard }) }, { mode: 0o1777, uid: 65_536 }),
      "\xff\xfe\x01 name": emptyFile(),
      ["n".repeat(255)]: emptyFile(),
    },
    { mode: 0o751, gid: 99 },
  );
}

testWith(
  ["loop mount", "xfs_repair", "xfs_db"],
  "every kind of inode is as it was in the tree, all its times too",
  () => {
    withImage((image) => {
      const root = everything(image);
      image.finish(root);
      expectSilentRepair(image.path);
      withMount(image.path, "ro", (mountPoint) => expectSame(Buffer.from(mountPoint), root));
    });
  },
);

testWith(["loop mount"], "names of one inode are one file with as many links", () => {
  withImage((image) => {
    image.finish(everything(image));
    withMount(image.path, "ro", (mountPoint) => {
      const names = ["hard", "sub/again", "sub/and more/hard"];
      const stats = names.map((name) => lstatSync(join(mountPoint, name)));
      expect(new Set(stats.map(({ ino }) => ino)).size).toBe(1);
      expect(stats.map(({ nlink }) => nlink)).toEqual([3, 3, 3]);
    });
  });
});

testWith(["loop mount"], "a time outside what XFS can say becomes the nearest that it can", () => {
  withImage((image) => {
    const before = { seconds: -(2 ** 40), nanoseconds: 3 };
    const after = { seconds: 2 ** 40, nanoseconds: 4 };
    image.finish(directory({ file: emptyFile({ mtime: before, atime: after }) }));
    withMount(image.path, "ro", (mountPoint) => {
      const stat = lstatSync(join(mountPoint, "file"), { bigint: true });
      expect(stat.mtimeNs).toBe(-2147483648n * 1_000_000_000n + 3n);
      expect(stat.atimeNs).toBe(16299260424n * 1_000_000_000n + 4n);
    });
  });
});

/** Attributes of all forms, on files of all forms, for the kernel to change. */
function attributed(image: Image): Directory {
  const sizes = [10, 100, 250, 300, 3000, 9000];
  const root = directory();
  for (const size of sizes) {
    const xattrs = [xattr("user.a", "v".repeat(size))];
    root.entries.set(`file ${size}`, image.scattered(size % 40, { xattrs }));
    root.entries.set(`folder ${size}`, directory({ a: emptyFile() }, { xattrs }));
    const trusted = [xattr("trusted.a", "v".repeat(size))];
    root.entries.set(`link ${size}`, symlink("t".repeat(1 + (size % 1000)), { xattrs: trusted }));
  }
  return root;
}

/** Makes each attribute larger, adds others, takes the first away, and makes files and folders grow. */
function churnAttributes(mountPoint: string): void {
  for (const name of readdirSync(mountPoint)) {
    const path = join(mountPoint, name);
    changeAttributes(path, name.startsWith("link") ? "trusted" : "user");
    if (name.startsWith("file")) changeFile(path);
    if (name.startsWith("folder")) changeFolder(path);
  }
}

function changeAttributes(path: string, space: string): void {
  const set = (attribute: string, length: number): void =>
    void runOk("setfattr", ["-h", "-n", `${space}.${attribute}`, "-v", "w".repeat(length), path]);
  for (const length of [20, 120, 240, 2000]) set("b", length);
  for (let i = 0; i < 20; i++) set(`number ${i}`, 10 * i);
  runOk("setfattr", ["-h", "-x", `${space}.a`, path]);
}

function changeFile(path: string): void {
  appendFileSync(path, "more".repeat(5000));
  truncateSync(path, 10_000);
  runOk("cp", ["--reflink=always", path, `${path} again`]);
  writeFileSync(path, "written to what was shared", { flag: "r+" });
}

function changeFolder(path: string): void {
  for (let i = 0; i < 300; i++) writeFileSync(join(path, `a file, ${i}`), "");
  for (let i = 0; i < 300; i += 2) rmSync(join(path, `a file, ${i}`));
}

testWith(
  ["loop mount", "xfs_repair", "xfs_db"],
  "the kernel makes and removes thousands of files in an image, and xfs_repair finds nothing",
  () => {
    for (const size of [{ kind: "auto" }, { kind: "auto", free: 16 * MIB }, fixed(1024 * MIB)] as const) {
      withImage((image) => {
        image.finish(churnable(image), { size });
        withMount(image.path, "rw", churn);
        expectSilentRepair(image.path);
        withMount(image.path, "ro", (mountPoint) => {
          expect(readdirSync(join(mountPoint, "many"))).toHaveLength(4000);
          expect(readdirSync(join(mountPoint, "new"))).toHaveLength(1500);
        });
      });
    }
  },
);

testWith(
  ["loop mount", "xfs_repair", "xfs_db", "setfattr"],
  "the kernel makes attributes grow and go, shares blocks of files and parts them again",
  () => {
    withImage((image) => {
      image.finish(attributed(image));
      withMount(image.path, "rw", churnAttributes);
      expectSilentRepair(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(readFileSync(join(mountPoint, "file 9000"), "latin1")).toStartWith(
          "written to what was shared",
        );
        expect(readdirSync(join(mountPoint, "folder 10"))).toHaveLength(151);
      });
    });
  },
);

testWith(
  ["loop mount", "xfs_repair", "xfs_db"],
  "a group that contents filled has room for what the kernel adds to its trees",
  () => {
    withImage((image) => {
      const root = directory();
      for (let i = 0; i < 80; i++) root.entries.set(`${i}`, image.file(Buffer.alloc(1_500_000, `${i}`)));
      const { placement } = image.finish(root);
      expect(placement.layout.count).toBeGreaterThan(1);
      withMount(image.path, "rw", (mountPoint) => {
        for (let i = 0; i < 80; i++) {
          runOk("cp", ["--reflink=always", join(mountPoint, `${i}`), join(mountPoint, `copy ${i}`)]);
          for (let at = 0; at < 1_500_000; at += 40_960) {
            runOk("dd", [
              "if=/dev/zero",
              `of=${join(mountPoint, `${i}`)}`,
              "bs=4096",
              "count=1",
              "conv=notrunc",
              `seek=${at / 4096}`,
              "status=none",
            ]);
          }
          if (i % 3 === 0) rmSync(join(mountPoint, `${i}`));
        }
      });
      expectSilentRepair(image.path);
    });
  },
);

testWith(
  ["loop mount", "xfs_repair", "xfs_db", "xfs_growfs"],
  "a guest grows it from 512 MiB to 20 GiB, while it is mounted",
  () => {
    withImage((image) => {
      const contents = Buffer.alloc(20_000_000, "contents");
      image.finish(directory({ file: image.file(contents) }), { size: fixed(512 * MIB) });
      truncateSync(image.path, 20 * 2 ** 30);
      withMount(image.path, "rw", (mountPoint) => {
        runOk("xfs_growfs", [mountPoint]);
        runOk("cp", [join(mountPoint, "file"), join(mountPoint, "copy")]);
      });
      expectSilentRepair(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(Number(runOk("df", ["--output=size", "-B1", mountPoint]).split("\n")[1])).toBeGreaterThan(
          19e9,
        );
        expect(readFileSync(join(mountPoint, "copy")).equals(contents)).toBe(true);
      });
    });
  },
);
