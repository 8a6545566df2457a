/** Attributes at the borders between their forms, and the access control lists among them. */
import { expect } from "bun:test";
import type { Inode, Xattr } from "../../../../src/tree/inode.ts";
import { expectError } from "../../../support/expect-error.ts";
import { testWith } from "../../../support/oracles.ts";
import { device, directory, emptyFile, special, symlink, xattr } from "../../ext4/write/images.ts";
import { holding } from "./expected-view.ts";
import { type Image, withImage } from "./images.ts";
import { expectAsItIs } from "./mounting.ts";

const ORACLES = ["xfs_repair", "xfs_db", "loop mount", "getfattr"] as const;

function attributed(...xattrs: Xattr[]): Inode {
  return emptyFile({ xattrs });
}

/** An attribute with a value of so many bytes. */
function valued(bytes: number, name = "user.a"): Xattr {
  return xattr(name, Buffer.alloc(bytes, `${bytes} bytes `));
}

/** Where the attributes of the root's entries lie: inside, or in so many leaves and blocks. */
function formsOf(image: Image, root: ReturnType<typeof directory>): Record<string, string> {
  const forms: Record<string, string> = {};
  for (const { attributes, name } of image.finish(root).namespace) {
    if (attributes === undefined) continue;
    const { blocks } = attributes;
    forms[name] = blocks === undefined ? "short" : `${blocks.leaves.length} leaves, ${blocks.blocks} blocks`;
  }
  return forms;
}

testWith(ORACLES, "attributes go outside with the first byte too many", () => {
  withImage((image) => {
    const root = directory({
      // 4 bytes, 3 for each attribute, and the names.
      "280 bytes": attributed(valued(250), valued(18, "user.b")),
      "281 bytes": attributed(valued(250), valued(19, "user.b")),
      "value of 255": attributed(valued(255)),
      "value of 256": attributed(valued(256)),
      "328 of a device": {
        ...device("block", 1, 2),
        metadata: attributed(valued(250, "trusted.a"), valued(66, "security.b")).metadata,
      },
      "329 of a device": {
        ...special("fifo"),
        metadata: attributed(valued(250, "trusted.a"), valued(67, "security.b")).metadata,
      },
      "empty value": attributed(xattr("user.nothing", "")),
    });
    expect(formsOf(image, root)).toEqual({
      "280 bytes": "short",
      "281 bytes": "1 leaves, 1 blocks",
      "value of 255": "short",
      "value of 256": "1 leaves, 1 blocks",
      "328 of a device": "short",
      "329 of a device": "1 leaves, 1 blocks",
      "empty value": "short",
    });
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "values lie in the leaf, or in blocks of their own, up to 64 KiB", () => {
  withImage((image) => {
    const sizes = [3055, 3064, 3065, 3072, 4039, 4040, 4041, 8079, 8080, 8081, 65_535, 65_536];
    const root = directory(Object.fromEntries(sizes.map((size) => [`${size}`, attributed(valued(size))])));
    expect(formsOf(image, root)).toEqual({
      3055: "1 leaves, 1 blocks",
      3064: "1 leaves, 1 blocks",
      3065: "1 leaves, 2 blocks",
      3072: "1 leaves, 2 blocks",
      4039: "1 leaves, 2 blocks",
      4040: "1 leaves, 2 blocks",
      4041: "1 leaves, 3 blocks",
      8079: "1 leaves, 3 blocks",
      8080: "1 leaves, 3 blocks",
      8081: "1 leaves, 4 blocks",
      65535: "1 leaves, 18 blocks",
      65536: "1 leaves, 18 blocks",
    });
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "many attributes fill several leaves", () => {
  withImage((image) => {
    const many = (count: number, bytes: number) =>
      Array.from({ length: count }, (_, i) =>
        valued(bytes + (i % 5), `user.number ${i} ${"n".repeat(i % 200)}`),
      );
    const full = Array.from({ length: 251 }, (_, i) => xattr(`user.${`${i}`.padStart(3, "0")}`, "v"));
    const root = directory({
      "a full leaf": attributed(...full),
      "one more": attributed(...full, xattr("user.999", "v")),
      hundreds: attributed(...many(500, 20)),
      "all large": attributed(...many(15, 5000)),
      "large in leaves": attributed(...many(40, 2000)),
      "of all kinds": attributed(
        ...many(30, 30),
        ...["user.same", "trusted.same", "security.same"].map((name) => valued(3100, name)),
      ),
    });
    const forms = formsOf(image, root);
    expect(forms["a full leaf"]).toBe("1 leaves, 1 blocks");
    expect(forms["one more"]).toBe("2 leaves, 3 blocks");
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "a file's extents and a symlink's target give way to attributes", () => {
  withImage((image) => {
    const scattered = (count: number, ...xattrs: Xattr[]) => {
      const contents = Buffer.alloc(2 * count * 4096);
      for (let i = 0; i < count; i++) contents.write(`block ${i} of the file`, 2 * i * 4096);
      return holding(image.scattered(count, { xattrs }), contents);
    };
    const root = directory({
      "3 extents in 56 bytes": scattered(3, valued(250), valued(18, "user.b")),
      "4 extents in 56 bytes": scattered(4, valued(250), valued(18, "user.b")),
      // A root of three children, each of up to 251 extents; then a level more.
      "753 extents in 56 bytes": scattered(753, valued(250), valued(18, "user.b")),
      "754 extents in 56 bytes": scattered(754, valued(250), valued(18, "user.b")),
      "12 extents before a leaf": scattered(12, valued(3000)),
      "13 extents before a leaf": scattered(13, valued(3000)),
      "target of 56 bytes": symlink("t".repeat(56), {
        xattrs: [valued(250, "trusted.a"), valued(11, "security.b")],
      }),
      "target of 336": symlink("t".repeat(336)),
      "target of 337": symlink("t".repeat(337)),
      "target of 1023": symlink("t".repeat(1023), { xattrs: [valued(9000, "trusted.a")] }),
    });
    image.finish(root);
    expectAsItIs(image.path, root);
  });
});

const ENTRIES = [
  [0x01, 6, 0xffffffff],
  [0x02, 4, 1000],
  [0x02, 7, 4_000_000_000],
  [0x04, 4, 0xffffffff],
  [0x08, 5, 70_000],
  [0x10, 7, 0xffffffff],
  [0x20, 0, 0xffffffff],
] as const;

/** A list as getxattr(2) shows it. */
function aclValue(entries: readonly (readonly [tag: number, perm: number, id: number])[]): Buffer {
  const value = Buffer.alloc(4 + 8 * entries.length);
  value.writeUInt32LE(2, 0);
  for (const [i, [tag, perm, id]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + 8 * i);
    value.writeUInt16LE(perm, 6 + 8 * i);
    value.writeUInt32LE(id, 8 + 8 * i);
  }
  return value;
}

testWith(ORACLES, "access control lists come out as they went in", () => {
  withImage((image) => {
    const access = xattr("system.posix_acl_access", aclValue(ENTRIES));
    const initial = xattr("system.posix_acl_default", aclValue(ENTRIES));
    const many = Array.from({ length: 500 }, (_, i) => [0x02, 5, 2000 + i] as const);
    const long = aclValue([ENTRIES[0], ...many, ENTRIES[3], ENTRIES[5], ENTRIES[6]]);
    const root = directory({
      file: emptyFile({ mode: 0o670, xattrs: [access] }),
      folder: directory({}, { mode: 0o670, xattrs: [access, initial, valued(10)] }),
      "500 users": emptyFile({ mode: 0o670, xattrs: [xattr("system.posix_acl_access", long)] }),
    });
    image.finish(root);
    expectAsItIs(image.path, root);
    // A list that says nothing is none; and one that was packed from XFS is there twice.
    const kept = Buffer.from("000000010000000100000000000600005858", "hex").subarray(0, 16);
    const again = xattr("trusted.SGI_ACL_FILE", kept);
    const nothing = xattr("system.posix_acl_access", aclValue([]));
    image.finish(
      directory({ file: emptyFile({ mode: 0o670, xattrs: [again, access] }), none: attributed(nothing) }),
    );
    expectAsItIs(
      image.path,
      directory({ file: emptyFile({ mode: 0o670, xattrs: [access] }), none: emptyFile() }),
    );
  });
});

testWith([], "what XFS has no place for is an error that names the file", async () => {
  const finish =
    (...xattrs: Xattr[]) =>
    () =>
      withImage((image) => image.plan(directory({ sub: directory({ file: attributed(...xattrs) }) })));
  await expectError(finish(xattr("system.other", "v")), "E_FILESYSTEM_LIMIT", "/sub/file", "system.other");
  await expectError(finish(xattr("user.", "v")), "E_FILESYSTEM_LIMIT", "/sub/file", "no kind");
  await expectError(finish(xattr(`user.${"n".repeat(256)}`, "v")), "E_FILESYSTEM_LIMIT", "too long a name");
  await expectError(finish(valued(65_537)), "E_FILESYSTEM_LIMIT", "65537 bytes", "65536");
  await expectError(finish(xattr("system.posix_acl_access", "xx")), "E_FILESYSTEM_LIMIT", "not a POSIX ACL");
  const entries = Array.from({ length: 5462 }, (_, i) => [0x02, 5, i] as const);
  const long = xattr("system.posix_acl_access", aclValue(entries));
  await expectError(finish(long), "E_FILESYSTEM_LIMIT", "has 5462 entries", "lists of 5461");
});
