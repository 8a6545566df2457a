/** Values of attributes that a block has no room for: inodes of their own (ea_inode). */
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Inode, Xattr } from "../../../../src/tree/inode.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, emptyFile, type Image, symlink, withImage, xattr } from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const ORACLES = ["e2fsck", "loop mount", "getfattr", "dumpe2fs"] as const;

function value(length: number, seed: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * seed) % 89))).join("");
}

function hasFeature(image: Image): boolean {
  return /^Filesystem features:.* ea_inode/m.test(runOk("dumpe2fs", ["-h", image.path]));
}

function expectAttributes(path: string, xattrs: readonly Xattr[]): void {
  for (const { name, value: bytes } of xattrs) {
    const said = runOk("getfattr", ["-h", "--only-values", "-n", name, path], { encoding: "latin1" });
    expect(said).toBe(Buffer.from(bytes).toString("latin1"));
  }
}

/** Checks the image, and with the kernel that every file has its attributes. */
function expectImage(files: Readonly<Record<string, readonly Xattr[]>>, valueInodes: number): void {
  withImage((image) => {
    const entries = Object.entries(files).map(([name, xattrs]) => [name, emptyFile({ xattrs })] as const);
    const plan = image.finish(directoryOf(new Map<string, Inode>(entries)));
    expect(plan.namespace.valueInodes).toBe(valueInodes);
    expect(hasFeature(image)).toBe(valueInodes > 0);
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => {
      for (const [name, xattrs] of Object.entries(files)) expectAttributes(join(mountPoint, name), xattrs);
      for (const name of Object.keys(files)) runOk("rm", [join(mountPoint, name)]);
    });
    expectSilentCheck(image.path);
  });
}

testWith(ORACLES, "values that fit a block stay there, and the feature is off", () => {
  expectImage({ file: [xattr("user.four", value(4040, 3))] }, 0);
});

for (const length of [4041, 4096, 4097, 20_000, 65_535, 65_536]) {
  testWith(ORACLES, `a value of ${length} bytes has an inode of its own`, () => {
    expectImage({ file: [xattr("user.four", value(length, 7)), xattr("user.small", "s")] }, 1);
  });
}

testWith(ORACLES, "the largest values move out until the others fit the block", () => {
  const xattrs = [300, 3000, 2000, 1000, 5000, 0].map((length, i) =>
    xattr(`user.n${i}`, value(length, i + 2)),
  );
  expectImage({ file: xattrs }, 2);
});

testWith(ORACLES, "equal values are one inode, whichever attributes and files have them", () => {
  const shared = value(9000, 5);
  expectImage(
    {
      one: [xattr("user.a", shared)],
      two: [xattr("user.a", shared)],
      three: [xattr("user.b", shared), xattr("user.c", value(7000, 6))],
      four: [xattr("user.a", shared), xattr("trusted.a", shared)],
    },
    2,
  );
});

testWith(ORACLES, "more than 1,024 files share a value, by more than one block", () => {
  withImage((image) => {
    const xattrs = [xattr("user.shared", value(5000, 4))];
    const files = new Map<string, Inode>();
    for (let i = 0; i < 1030; i++) files.set(`${i}`, emptyFile({ xattrs }));
    const plan = image.finish(directory({ d: directoryOf(files) }));
    expect([...plan.namespace.inodes].at(-1)?.valueInode?.references).toBe(2);
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => {
      expectAttributes(join(mountPoint, "d/1029"), xattrs);
      runOk("rm", ["-r", join(mountPoint, "d")]);
    });
    expectSilentCheck(image.path);
  });
});

testWith(ORACLES, "directories and symlinks have large values, too, and the kernel adds its own", () => {
  withImage((image) => {
    const xattrs = [xattr("trusted.large", value(30_000, 8))];
    image.finish(directory({ d: directory({}, { xattrs }), link: symlink("t".repeat(80), { xattrs }) }));
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => {
      expectAttributes(join(mountPoint, "d"), xattrs);
      expectAttributes(join(mountPoint, "link"), xattrs);
      runOk("setfattr", ["-n", "trusted.new", "-v", value(10_000, 9), join(mountPoint, "d")]);
      runOk("setfattr", ["-n", "trusted.same", "-v", value(30_000, 8), join(mountPoint, "d")]);
    });
    expectSilentCheck(image.path);
  });
});

test("a value of more than 64 KiB, names too many for a block, and large values in ext3 are limits", async () => {
  const finish = (xattrs: readonly Xattr[], format: "ext4" | "ext3") => () =>
    withImage((image) => image.finish(directory({ file: emptyFile({ xattrs }) })), undefined, format);
  await expectError(
    finish([xattr("user.huge", "v".repeat(65_537))], "ext4"),
    "E_FILESYSTEM_LIMIT",
    "/file: the extended attribute user.huge has a value of 65537 bytes; Linux takes 65536",
    "shorten",
  );
  const names = Array.from({ length: 20 }, (_, i) => xattr(`user.${i}`.padEnd(240, "n"), value(6000, i + 1)));
  await expectError(
    finish(names, "ext4"),
    "E_FILESYSTEM_LIMIT",
    "/file: its extended attributes need",
    "4060, values",
  );
  await expectError(
    finish([xattr("user.four", "v".repeat(4041))], "ext3"),
    "E_FILESYSTEM_LIMIT",
    "/file: its extended attributes need 4064 bytes besides the inode; ext3 holds 4060",
  );
});
