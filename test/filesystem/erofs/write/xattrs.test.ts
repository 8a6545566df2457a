import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { decode, viewOf } from "../../../../src/blocks/field.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import type { Inode, Xattr } from "../../../../src/tree/inode.ts";
import { type Oracle, runOk, testWith } from "../../../support/oracles.ts";
import { device, directory, directoryOf, metadata, symlink, xattr } from "../../ext4/write/images.ts";
import { withErofs, withErofsMount } from "./images.ts";
import { expectShown, fileOf } from "./shown.ts";

const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];

/** An ACL that gives user 1000 what the group has: version 2, five entries. */
const ACL = Buffer.from(
  [
    "02000000",
    "01000600ffffffff",
    "02000400e8030000",
    "04000400ffffffff",
    "10000600ffffffff",
    "20000000ffffffff",
  ].join(""),
  "hex",
);

function sharedAt(path: string): number {
  return decode(SUPERBLOCK, viewOf(readFileSync(path).subarray(0, 4096)), SUPERBLOCK_OFFSET).xattr_blkaddr;
}

const numbered = (count: number, size: number): Xattr[] =>
  Array.from({ length: count }, (_, n) => xattr(`user.${n}`, `${n}`.padEnd(size, "v")));

describe("extended attributes", () => {
  testWith(ORACLES, "of every length, before last bytes of every length", () => {
    withErofs((image) => {
      const lengths = [0, 1, 2, 3, 4, 100, 3000, 3900, 4000, 4100, 9000, 65_535];
      const files = lengths.flatMap((length) =>
        [0, 5, 500, 4000, 4096, 9000].map((size): [string, Inode] => [
          `${length}-${size}`,
          fileOf(image, size, { xattrs: [xattr("user.length", "x".repeat(length))] }),
        ]),
      );
      expectShown(image, directoryOf(new Map(files)));
    });
  });

  testWith(ORACLES, "of every kind and of every type of inode that has them", () => {
    withErofs((image) => {
      const xattrs = [
        xattr("user.u", "1"),
        xattr("trusted.t", ""),
        xattr("security.s", Buffer.from([0, 255, 0])),
        xattr("security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex")),
        xattr(`user.${"n".repeat(250)}`, "long name"),
      ];
      const privileged = { xattrs: [xattr("trusted.t", "t")] };
      const root = directory(
        {
          file: fileOf(image, 5000, { xattrs }),
          empty: fileOf(image, 0, { xattrs }),
          directory: directory({}, { xattrs }),
          symlink: symlink("target", privileged),
          device: { ...device("block", 8, 1), metadata: metadata(privileged) },
        },
        { xattrs },
      );
      expectShown(image, root);
    });
  });

  testWith([...ORACLES, "getfacl"], "of access and default ACLs are the kernel's own", () => {
    withErofs((image) => {
      const access = xattr("system.posix_acl_access", ACL);
      const both = [access, xattr("system.posix_acl_default", ACL)];
      const nothing = xattr("system.posix_acl_access", Buffer.from("02000000", "hex"));
      image.finish(
        directory({
          file: fileOf(image, 100, { mode: 0o660, xattrs: [access] }),
          folder: directory({}, { mode: 0o760, xattrs: both }),
          says: fileOf(image, 100, { mode: 0o640, xattrs: [nothing] }),
        }),
      );
      withErofsMount(image.path, (folder) => {
        const acl = (name: string) => runOk("getfacl", ["-cn", name], { cwd: folder }).trim().split("\n");
        const entries = ["user::rw-", "user:1000:r--", "group::r--", "mask::rw-", "other::---"];
        expect(acl("file")).toEqual(entries);
        expect(acl("folder")).toEqual([...entries, ...entries.map((entry) => `default:${entry}`)]);
        expect(acl("says")).toEqual(["user::rw-", "group::r--", "other::---"]);
      });
    });
  });

  testWith(ORACLES, "that many have are kept once, in more than one block", () => {
    withErofs((image) => {
      const labels = Array.from({ length: 30 }, (_, n) =>
        xattr("security.label", `label ${n}`.padEnd(700, "l")),
      );
      const large = xattr("user.large", "l".repeat(60_000));
      const directories = Array.from({ length: 300 }, (_, n): [string, Inode] => {
        const xattrs = [labels[n % 30] ?? large, ...(n % 50 === 0 ? [large] : [])];
        return [
          `${n}`,
          directory({ [`${n}`]: symlink("s", { xattrs: [labels[n % 7] ?? large] }) }, { xattrs }),
        ];
      });
      expectShown(image, directoryOf(new Map(directories)));
      expect(sharedAt(image.path)).toBeGreaterThan(0);
      expect(readFileSync(image.path).length).toBeLessThan(40 * 4096);
    });
  });

  testWith(ORACLES, "that only one has are kept there", () => {
    withErofs((image) => {
      expectShown(image, directory({ a: directory({}, { xattrs: [xattr("user.a", "a".repeat(50))] }) }));
      expect(sharedAt(image.path)).toBe(0);
    });
  });

  testWith(ORACLES, "of the root, as large as they may be, and more than an inode can refer to", () => {
    for (const xattrs of [[xattr("user.a", "a".repeat(65_535))], numbered(12, 5000), numbered(300, 4)]) {
      withErofs((image) => expectShown(image, directory({ a: fileOf(image, 5) }, { xattrs })));
    }
  });

  testWith(ORACLES, "of a file come to 250 KiB", () => {
    withErofs((image) => {
      const xattrs = numbered(4, 64_000);
      const root = directory({
        a: fileOf(image, 5, { xattrs }),
        b: directory({ c: fileOf(image, 1) }, { xattrs }),
      });
      expectShown(image, root);
    });
  });
});
