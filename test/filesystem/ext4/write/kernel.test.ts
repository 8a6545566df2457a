/** What the kernel shows of an image, against the tree it was made of. */
import { expect } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Inode } from "../../../../src/tree/inode.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { churn, churnable } from "./churning.ts";
import { everything, expectSame } from "./everything.ts";
import { directory, directoryOf, emptyFile, withImage, xattr } from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

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
      image.finish(churnable(image));
      withMount(image.path, "rw", (mountPoint) => churn(mountPoint));
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(readdirSync(join(mountPoint, "many"))).toHaveLength(3000 - 1000 + 2000);
        expect(readdirSync(join(mountPoint, "new"))).toHaveLength(1500);
      });
    });
  },
);

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
