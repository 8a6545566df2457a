import { describe, expect, test } from "bun:test";
import { expectError } from "../support/expect-error.ts";
import { tar } from "../support/tar-builder.ts";
import { readOne, readTar } from "./support.ts";

async function xattrs(pax: Record<string, string>, type = "file") {
  const warnings: string[] = [];
  const entry = await readOne(tar([{ path: "f", type, linkname: "t", major: 1, pax }]), (message) =>
    warnings.push(message),
  );
  const found = Object.fromEntries(
    entry.metadata.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString("latin1")]),
  );
  return { found, warnings };
}

describe("extended attributes", () => {
  test.each([
    ["bytes that are no UTF-8", "\x01\x00\x00\x02\x80\x00\xff\xfe"],
    ["newlines and equals signs", "a\nb=c\n12 x=y\n"],
    ["nothing", ""],
    ["NULs only", "\0\0"],
  ])("keep a value of %s", async (_, value) => {
    const { found } = await xattrs({ "SCHILY.xattr.security.capability": value });
    expect(found).toEqual({ "security.capability": value });
  });

  test("come from libarchive's records, where star's do not say otherwise", async () => {
    const { found } = await xattrs({
      "SCHILY.xattr.user.both": "star",
      "LIBARCHIVE.xattr.user.both": "bGliYXJjaGl2ZQ==",
      "LIBARCHIVE.xattr.user.a%3Db%25": "AP8",
    });
    expect(found).toEqual({ "user.both": "star", "user.a=b%": "\0\xff" });
  });

  test("of overlay mounts are left out", async () => {
    const { found, warnings } = await xattrs({
      "SCHILY.xattr.trusted.overlay.impure": "y",
      "SCHILY.xattr.user.overlay.origin": "x",
      "SCHILY.xattr.trusted.other": "kept",
    });
    expect(found).toEqual({ "trusted.other": "kept" });
    expect(warnings).toEqual([]);
  });

  test.each(["opaque", "redirect", "metacopy", "whiteout"])(
    "of overlay mounts are left out with a warning where they change what is shown (%s)",
    async (name) => {
      const { found, warnings } = await xattrs(
        { [`SCHILY.xattr.trusted.overlay.${name}`]: "y" },
        "directory",
      );
      expect(found).toEqual({});
      expect(warnings).toEqual([expect.stringContaining(`"trusted.overlay.${name}" is left out`)]);
    },
  );

  test.each([
    "com.apple.provenance",
    "com.apple.metadata:kMDItemWhereFroms",
    "system.nfs4_acl",
    "system.posix_acl_accessory",
    "user.",
    "User.x",
    "name",
    "",
    "user.\0",
  ])("that Linux has no place for are left out with a warning: %p", async (name) => {
    const { found, warnings } = await xattrs({
      [`SCHILY.xattr.${name}`]: "x",
      "SCHILY.xattr.user.kept": "yes",
    });
    expect(found).toEqual({ "user.kept": "yes" });
    expect(warnings).toEqual([expect.stringContaining(`${JSON.stringify(name)} is left out`)]);
  });

  test("that are left out are told once for a layer, with their number", async () => {
    const warnings: string[] = [];
    const pax = { "SCHILY.xattr.com.apple.quarantine": "1", "LIBARCHIVE.xattr.com.apple.quarantine": "MQ==" };
    const items = Array.from({ length: 1000 }, (_, at) => ({ path: `f${at}`, pax }));
    await readTar(tar(items), 1 << 16, (message) => warnings.push(message));
    expect(warnings).toEqual([
      '"f0": the attribute "com.apple.quarantine" is left out: Linux has none of that kind (the first of 1000 such in this layer)',
    ]);
  });

  test("that are the same are one object, also in different files", async () => {
    const large = "v".repeat(5000);
    const items = [1, 2, 3].map((n) => ({
      path: `f${n}`,
      pax: { "SCHILY.xattr.security.selinux": "ctx", "SCHILY.xattr.user.large": large },
    }));
    const other = { path: "g", pax: { "SCHILY.xattr.user.large": large, "SCHILY.xattr.user.n": "ctx" } };
    const [a, b, c, d] = (await readTar(tar([...items, other]))).map(({ metadata }) => metadata.xattrs);
    expect([b === a, c === a, d === a]).toEqual([true, true, false]);
    expect(d?.[0]).toBe(a?.[1]);
    expect(d?.[1]).not.toBe(a?.[0]);
  });

  test.each(["symlink", "char", "fifo", "block"])(
    "of the user are left out of a %s, with a warning",
    async (type) => {
      const pax = { "SCHILY.xattr.user.x": "1", "SCHILY.xattr.security.selinux": "ctx" };
      const { found, warnings } = await xattrs(pax, type);
      expect(found).toEqual({ "security.selinux": "ctx" });
      expect(warnings).toEqual([expect.stringContaining("user.x")]);
    },
  );

  test("of the user stay on directories", async () => {
    expect((await xattrs({ "SCHILY.xattr.user.x": "1" }, "directory")).found).toEqual({ "user.x": "1" });
  });

  test("may have names of 255 bytes and values of 64 KiB, not more", async () => {
    const name = `user.${"n".repeat(250)}`;
    const value = "v".repeat(65536);
    expect((await xattrs({ [`SCHILY.xattr.${name}`]: value })).found).toEqual({ [name]: value });
    const long = tar([{ path: "f", pax: { [`SCHILY.xattr.${name}n`]: "" } }]);
    await expectError(readTar(long), "E_BAD_LAYER", '"f"', "255");
    const large = tar([{ path: "f", pax: { "SCHILY.xattr.user.x": `${value}v` } }]);
    await expectError(readTar(large), "E_BAD_LAYER", '"f"', "65537");
  });

  test("of libarchive whose value is not base64 are left out with a warning", async () => {
    const { found, warnings } = await xattrs({ "LIBARCHIVE.xattr.user.a": "*" });
    expect(found).toEqual({});
    expect(warnings).toEqual([expect.stringContaining("not base64")]);
  });
});

describe("access control lists", () => {
  /** Version 2, then tag, permissions and id of each entry. */
  const acl = (...entries: [number, number, number?][]) => {
    const bytes = Buffer.alloc(4 + 8 * entries.length);
    bytes.writeUInt32LE(2, 0);
    entries.forEach(([tag, perm, id = 0xffffffff], at) => {
      bytes.writeUInt16LE(tag, 4 + 8 * at);
      bytes.writeUInt16LE(perm, 6 + 8 * at);
      bytes.writeUInt32LE(id, 8 + 8 * at);
    });
    return bytes.toString("latin1");
  };
  const named = acl([1, 7], [2, 6, 1001], [4, 5], [8, 4, 50], [16, 7], [32, 0]);

  test.each([
    ["star's", "user::rwx,user:lisa:rw-:1001,group::r-x,group:staff:r--:50,mask::rwx,other::---"],
    ["GNU tar's, by numbers", "user::rwx\nuser:1001:rw-\ngroup::r-x\ngroup:50:r--\nmask::rwx\nother::---\n"],
    ["short ones in any order", "o::-,m::rwx,g:50:r,g::rx,u:1001:rw,u::rwx"],
    [
      "with comments and spaces",
      "user::rwx\n user:1001:rw-\t#effective:rw-\n# owner: x\ngroup::r-x,group:50:r--,mask:rwx,other:---",
    ],
  ])("of text become the kernel's: %s", async (_, text) => {
    expect((await xattrs({ "SCHILY.acl.access": text })).found).toEqual({ "system.posix_acl_access": named });
  });

  test("of a directory's default are kept also when they are minimal", async () => {
    const { found } = await xattrs(
      { "SCHILY.acl.default": "default:user::rwx,default:group::r-x,default:other::---" },
      "directory",
    );
    expect(found).toEqual({ "system.posix_acl_default": acl([1, 7], [4, 5], [32, 0]) });
  });

  test("that say no more than the mode are left out", async () => {
    const { found, warnings } = await xattrs({ "SCHILY.acl.access": "user::rw-,group::r--,other::r--" });
    expect([found, warnings]).toEqual([{}, []]);
  });

  test("with a name whose number only the image knows are left out with a warning", async () => {
    const { found, warnings } = await xattrs({
      "SCHILY.acl.access": "user::rwx,user:lisa:rw-,group::r-x,mask::rwx,other::---",
    });
    expect(found).toEqual({});
    expect(warnings).toEqual([expect.stringContaining("lisa")]);
  });

  test("give way to the attribute itself", async () => {
    const pax = {
      "SCHILY.acl.access": "user::rwx,user:5:r,group::r,mask::r,other::r",
      "SCHILY.xattr.system.posix_acl_access": "raw",
    };
    expect((await xattrs(pax)).found).toEqual({ "system.posix_acl_access": "raw" });
  });

  test.each([
    "user::rwx,group::r-x",
    "user::rwx,user::r--,group::r-x,other::---",
    "user::rwx,user:1:rwx,group::r-x,other::---",
    "user::rwx,group::r-x,other::---,tribe::rwx",
    "user::abc,group::r-x,other::---",
    "nonsense",
  ])("that are malformed are left out with a warning: %s", async (text) => {
    const { found, warnings } = await xattrs({ "SCHILY.acl.access": text, "SCHILY.xattr.user.a": "1" });
    expect(found).toEqual({ "user.a": "1" });
    expect(warnings).toEqual([
      expect.stringMatching(/^"f": its access list is left out: .*access control list/),
    ]);
  });
});
