/** What the kernel shows of an image, against the tree it was made of. */
import { expect } from "bun:test";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MODE_TYPE } from "../../src/ext4/format/inode.ts";
import type { Directory, Inode, RegularFile, Timestamp } from "../../src/tree/inode.ts";
import { runOk, testWith } from "../support/oracles.ts";
import {
  device,
  directory,
  directoryOf,
  emptyFile,
  type Image,
  special,
  symlink,
  withImage,
  xattr,
} from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const EARLY: Timestamp = { seconds: -(2 ** 31), nanoseconds: 999_999_999 };
const BEFORE_EPOCH: Timestamp = { seconds: -1000, nanoseconds: 5 };
const AFTER_2038: Timestamp = { seconds: 2 ** 31, nanoseconds: 1 };
const LATE: Timestamp = { seconds: 2 ** 34 - 2 ** 31 - 1, nanoseconds: 999_999_999 };

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
      fifo: special("fifo"),
      socket: special("socket"),
      null: device("char", 1, 3),
      edge: device("block", 255, 255),
      "large-minor": device("block", 8, 256),
      "large-both": device("char", 4095, 1_048_575),
      "link-59": symlink("a".repeat(59)),
      "link-60": symlink("b".repeat(60)),
      "link-4095": symlink("c".repeat(4095)),
      "link-bytes": symlink("caf\xe9/\xff\xfe"),
      sub: directory({ again: hard, "and more": directory({ hard }) }, { mode: 0o1777, uid: 65_536 }),
      "\xff\xfe\x01 name": emptyFile(),
      ["n".repeat(255)]: emptyFile(),
    },
    { mode: 0o751, gid: 99 },
  );
}

testWith(["loop mount", "e2fsck"], "the kernel shows every kind of inode as it was in the tree", () => {
  withImage((image) => {
    const root = everything(image);
    image.finish(root, { lostAndFound: false });
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => expectSame(Buffer.from(mountPoint), root));
  });
});

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

testWith(["loop mount"], "a time outside what ext4 can say becomes the nearest that it can", () => {
  withImage((image) => {
    const before = { seconds: -(2 ** 40), nanoseconds: 3 };
    const after = { seconds: 2 ** 40, nanoseconds: 4 };
    image.finish(directory({ file: emptyFile({ mtime: before, atime: after }) }));
    withMount(image.path, "ro", (mountPoint) => {
      const stat = lstatSync(join(mountPoint, "file"), { bigint: true });
      expect(stat.mtimeNs / 1_000_000_000n).toBe(-2147483647n);
      expect(stat.atimeNs / 1_000_000_000n).toBe(15032385535n);
    });
  });
});

/** user::rw-, user:1000:r--, group::r--, group:70000:rwx, mask::rwx, other::---, as getxattr(2) has it. */
const ACL = acl([
  [0x01, 6, 0xffffffff],
  [0x02, 4, 1000],
  [0x04, 4, 0xffffffff],
  [0x08, 7, 70_000],
  [0x10, 7, 0xffffffff],
  [0x20, 0, 0xffffffff],
]);

testWith(
  ["loop mount", "getfattr", "e2fsck"],
  "the kernel shows extended attributes, in inode and block, as given",
  () => {
    withImage((image) => {
      const attributes = {
        "user.short": "v",
        "user.empty": "",
        "user.long": "x".repeat(1500),
        "user.name beyond ASCII \xc3\xa9": "é".repeat(200),
        "trusted.overlay.opaque": "y",
        "security.selinux": "system_u:object_r:bin_t:s0\0",
        "security.capability": "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      };
      const xattrs = Object.entries(attributes).map(([name, value]) => xattr(name, value));
      image.finish(directory({ file: emptyFile({ xattrs }), dir: directory({}, { xattrs }) }));
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        for (const name of ["file", "dir"]) {
          for (const [attribute, value] of Object.entries(attributes)) {
            const said = runOk("getfattr", [
              "--only-values",
              "-n",
              latin1Argument(attribute),
              join(mountPoint, name),
            ]);
            expect(said).toBe(Buffer.from(value, "latin1").toString());
          }
        }
      });
    });
  },
);

testWith(
  ["loop mount", "getfacl", "e2fsck"],
  "the kernel takes POSIX ACLs in the form that ext4 keeps",
  () => {
    withImage((image) => {
      const access = xattr("system.posix_acl_access", ACL);
      const inherited = xattr("system.posix_acl_default", ACL);
      image.finish(
        directory({
          file: emptyFile({ xattrs: [access] }),
          dir: directory({}, { xattrs: [inherited, access] }),
          none: emptyFile({ xattrs: [xattr("system.posix_acl_access", acl([]))] }),
        }),
      );
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        const rights = "user::rw-\nuser:1000:r--\ngroup::r--\ngroup:70000:rwx\nmask::rwx\nother::---\n";
        const shown = (name: string) => runOk("getfacl", ["-ncp", join(mountPoint, name)]).trimEnd();
        expect(shown("file")).toBe(rights.trimEnd());
        expect(shown("dir")).toBe(
          (rights + rights.replace(/^/gm, "default:").replace(/default:$/, "")).trimEnd(),
        );
        expect(shown("none")).toBe("user::rw-\ngroup::r--\nother::r--");
      });
    });
  },
);

testWith(
  ["loop mount", "debugfs", "e2fsck"],
  "attribute blocks with the same contents are shared by 1,024 inodes",
  () => {
    withImage((image) => {
      const xattrs = [xattr("user.shared", "s".repeat(500))];
      const files = new Map<string, Inode>();
      for (let i = 0; i < 1030; i++) files.set(`file${i}`, emptyFile({ xattrs }));
      const plan = image.finish(directory({ d: directoryOf(files) }));
      expect(plan.namespace.xattrBlocks.map(({ references }) => references)).toEqual([1024, 6]);
      expectSilentCheck(image.path);
    });
  },
);

testWith(
  ["loop mount", "e2fsck"],
  "a filesystem that the kernel wrote thousands of changes to is still clean",
  () => {
    withImage((image) => {
      const many = new Map<string, Inode>();
      for (let i = 0; i < 3000; i++) many.set(`some-entry-with-a-name-${i}`, emptyFile());
      image.finish(
        directory({ many: directoryOf(many), sub: directory({ file: image.file("x".repeat(9000)) }) }),
      );
      withMount(image.path, "rw", (mountPoint) => churn(mountPoint));
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(readdirSync(join(mountPoint, "many"))).toHaveLength(3000 - 1000 + 2000);
        expect(readdirSync(join(mountPoint, "new"))).toHaveLength(1500);
      });
    });
  },
);

function churn(mountPoint: string): void {
  const many = join(mountPoint, "many");
  for (let i = 0; i < 1000; i++) unlinkSync(join(many, `some-entry-with-a-name-${i * 3}`));
  for (let i = 0; i < 2000; i++)
    writeFileSync(join(many, `a-file-that-is-new-${i}`), `contents ${i}`.repeat(50));
  mkdirSync(join(mountPoint, "new"));
  for (let i = 0; i < 1000; i++)
    renameSync(join(many, `a-file-that-is-new-${i}`), join(mountPoint, "new", `${i}`));
  for (let i = 0; i < 1000; i++) linkSync(join(mountPoint, "new", `${i}`), join(many, `back-${i}`));
  for (let i = 0; i < 500; i++) mkdirSync(join(mountPoint, "new", `dir${i}`));
  rmSync(join(mountPoint, "sub"), { recursive: true });
}

function acl(entries: readonly (readonly [tag: number, perm: number, id: number])[]): Uint8Array {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  for (const [i, [tag, perm, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + 8 * i);
    bytes.writeUInt16LE(perm, 6 + 8 * i);
    bytes.writeUInt32LE(id, 8 + 8 * i);
  }
  return bytes;
}

/** Command lines are UTF-8 here; the names used are valid UTF-8 as bytes. */
function latin1Argument(name: string): string {
  return Buffer.from(name, "latin1").toString();
}

function expectSame(path: Buffer, node: Inode): void {
  const stat = lstatSync(path, { bigint: true });
  const { metadata } = node;
  expect({
    path: path.toString("latin1"),
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: stat.mtimeNs,
    atime: stat.atimeNs,
    ctime: stat.ctimeNs,
    birthtime: stat.birthtimeNs,
  }).toEqual({
    path: path.toString("latin1"),
    mode: MODE_TYPE[node.type] | metadata.mode,
    uid: metadata.uid,
    gid: metadata.gid,
    mtime: nanoseconds(metadata.mtime),
    atime: nanoseconds(metadata.atime),
    ctime: nanoseconds(metadata.ctime),
    birthtime: nanoseconds(metadata.mtime),
  });
  expectSameContents(path, node);
}

function expectSameContents(path: Buffer, node: Inode): void {
  const stat = lstatSync(path);
  if (node.type === "file") {
    expect(stat.size).toBe(node.size);
    expectSameBytes(readFileSync(path), node);
  } else if (node.type === "symlink") {
    expect(readlinkSync(path, { encoding: "buffer" }).toString("latin1")).toBe(node.target);
  } else if (node.type === "char" || node.type === "block") {
    // makedev(3): 12 bits of major above 8 of minor, the other minor bits above.
    expect(stat.rdev).toBe((node.minor & 0xff) + (node.major << 8) + (node.minor >> 8) * 2 ** 20);
  } else if (node.type === "directory") {
    const names = readdirSync(path, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    expect(names.sort()).toEqual([...node.entries.keys()].sort());
    const directories = [...node.entries.values()].filter(({ type }) => type === "directory").length;
    expect(stat.nlink).toBe(2 + directories);
    for (const [name, child] of node.entries)
      expectSame(Buffer.concat([path, Buffer.from(`/${name}`, "latin1")]), child);
  }
}

/** Holes read as zeros, and every block with contents begins as the test wrote it. */
function expectSameBytes(bytes: Buffer, file: RegularFile): void {
  const isScattered = file.extents.length > 1 && file.extents[1]?.logical === 2;
  if (!isScattered) {
    expect(bytes.includes(0)).toBe(false);
    return;
  }
  for (const [i, { logical }] of file.extents.entries()) {
    const text = `block ${i} of the file`;
    expect(bytes.toString("latin1", logical * 4096, logical * 4096 + text.length)).toBe(text);
    expect(
      bytes.subarray(logical * 4096 + text.length, (logical + 2) * 4096).every((byte) => byte === 0),
    ).toBe(true);
  }
}

function nanoseconds(time: Timestamp): bigint {
  return BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanoseconds);
}
