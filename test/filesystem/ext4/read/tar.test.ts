/** Tars of filesystems: that nothing is lost on the way, and what reading one costs. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { BLOCK_SIZE } from "../../../../src/blocks/blocks.ts";
import { convert } from "../../../../src/convert/convert.ts";
import type { Ext4Filesystem } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import type { LeftOut } from "../../../../src/filesystem/reading/destination.ts";
import { ImageFile, memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { archive } from "../../../../src/filesystem/reading/tar/archive.ts";
import { pathOf } from "../../../../src/filesystem/reading/walk.ts";
import type { Directory } from "../../../../src/tree/inode.ts";
import { collect, entriesOf } from "../../../layer/support.ts";
import { expectError } from "../../../support/expect-error.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { buildLayout } from "../../../support/layout-builder.ts";
import { run, runOk, testWith } from "../../../support/oracles.ts";
import { scratchFolder } from "../../../support/scratch.ts";
import { fillSource } from "../../reading/fill-source.ts";
import { readerView } from "../../reading/views.ts";
import { everything } from "../write/everything.ts";
import { directory, emptyFile, MIB, symlink, withImage, xattr } from "../write/images.ts";
import { makeForeign, withFilesystem } from "./support.ts";
import { openFilesystem, walk } from "./unpaused.ts";

const scratch = scratchFolder();

/** cap_setuid and more, permitted and effective: bytes that are no UTF-8. */
const CAPABILITY = xattr("security.capability", "\x01\0\0\x02\xc0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
const ACL = xattr(
  "system.posix_acl_access",
  Buffer.from(
    "0200000001000600ffffffff02000400e803000004000400ffffffff10000700ffffffff20000000ffffffff",
    "hex",
  ),
);

/** Fills an image; `name` is that of a copy that stays. */
function imageOf(name: string, fill: (image: Parameters<typeof everything>[0]) => Directory): string {
  return withImage((image) => {
    image.finish(fill(image), { lostAndFound: false });
    runOk("cp", ["--sparse=always", image.path, scratch(name)]);
    return scratch(name);
  }, 1024 * MIB);
}

async function tarOf(path: string, from = "/"): Promise<{ bytes: Buffer; leftOut: LeftOut[] }> {
  const leftOut: LeftOut[] = [];
  const image = new ImageFile(path);
  try {
    const bytes = await collect(archive(openFilesystem(image), from, (left) => leftOut.push(left)));
    return { bytes, leftOut };
  } finally {
    image.close();
  }
}

/** All that the reader shows of a filesystem, the times that the kernel would change included. */
function factsIn(path: string) {
  return withFilesystem(path, (filesystem) => {
    const times = new Map([["", timesOf(filesystem.root)]]);
    for (const file of walk(filesystem)) times.set(pathOf(file), timesOf(file.inode));
    return { view: readerView(filesystem), times };
  });
}

function timesOf({ atime, ctime }: Pick<Ext4Filesystem["root"], "atime" | "ctime">) {
  return { atime, ctime };
}

test("a filesystem is the same after it went through a tar and was converted", async () => {
  const path = imageOf("everything", (image) => {
    const root = everything(image);
    const attributes = [
      CAPABILITY,
      ACL,
      xattr("user.empty", ""),
      xattr("user.long", "\xe9\n".repeat(700)),
      xattr("user.name beyond ASCII \xc3\xa9 \xff", "v"),
      xattr("user.a=b %3D", "\xff="),
    ];
    root.entries.set("attributes", emptyFile({ xattrs: attributes }));
    root.entries.set("attributes of a link", symlink("x", { xattrs: [xattr("trusted.t", "\x80")] }));
    root.entries.set("no permission", emptyFile({ mode: 0 }));
    root.entries.set("d".repeat(120), directory({ ["e".repeat(200)]: image.file("deep") }));
    return root;
  });
  const { bytes, leftOut } = await tarOf(path);
  expect(leftOut.map((left) => left.path)).toEqual(["large-both", "socket"]);

  buildLayout(scratch("layout"), { layers: [bytes] });
  const out = scratch("converted");
  const source = `oci:${scratch("layout")}`;
  const made = await convert({ source, platform: "linux/amd64", out, filesystem: { lostAndFound: false } });
  const [want, got] = [factsIn(path), factsIn(made.rootfsPath)];
  for (const name of ["large-both", "socket"]) {
    want.view.delete(name);
    want.times.delete(name);
  }
  expect(differences(got.view, want.view)).toEqual([]);
  expect(got.times).toEqual(want.times);
  const again = await tarOf(made.rootfsPath);
  expect(again.bytes.equals(bytes)).toBe(true);
});

testWith(["tar", "mke2fs", "setfattr", "setfacl", "loop mount"], "GNU tar extracts all of it", async () => {
  const source = scratch("source");
  mkdirSync(source);
  fillSource(source);
  const foreign = scratch("foreign");
  makeForeign(foreign, "16M", ["-t", "ext4"], source);
  const own = imageOf("own", (image) =>
    directory({
      capable: image.file("tool", { mode: 0o4670, uid: 1000, xattrs: [CAPABILITY, ACL] }),
      early: emptyFile({ mtime: { seconds: -1000, nanoseconds: 5 } }),
      "no permission": emptyFile({ mode: 0 }),
      ["l\xc3\xa4nger \xff".repeat(14)]: image.file("bytes"),
      "points there": symlink("l\xc3\xa4nger \xff".repeat(14)),
    }),
  );
  for (const path of [foreign, own]) {
    const { bytes, leftOut } = await tarOf(path);
    expect(leftOut).toEqual([]);
    writeFileSync(`${path}.tar`, bytes);
    mkdirSync(`${path}.out`);
    const attributes = ["--xattrs", "--xattrs-include=*", "--numeric-owner"];
    const said = run("tar", ["-xpf", `${path}.tar`, "-C", `${path}.out`, ...attributes]);
    // Of the time before 1970 it does not approve.
    const others = said.stderr.replace(/^.*: early: implausibly old time stamp 1969.*\n/m, "");
    expect({ ...said, stderr: others }).toEqual({ status: 0, stdout: "", stderr: "" });
    const want = withFilesystem(path, readerView);
    expect(differences(kernelView(`${path}.out`), want)).toEqual([]);
  }
});

testWith(["tar"], "a folder comes before what is in it, a file before its further names", async () => {
  const path = imageOf("order", (image) => {
    const file = image.file("one");
    return directory({
      zoo: directory({ "a name": file }),
      "a.b": emptyFile(),
      a: directory({ b: file, empty: directory() }),
    });
  });
  const list = async (from: string) => {
    const { bytes } = await tarOf(path, from);
    return runOk("tar", ["-tf", "-"], { input: bytes }).split("\n").slice(0, -1);
  };
  expect(await list("/")).toEqual(["./", "a/", "a/b", "a/empty/", "a.b", "zoo/", "zoo/a name"]);
  expect(await list("/a")).toEqual(["./", "b", "empty/"]);
  expect(await list("/zoo/a name")).toEqual(["a name"]);
  const { bytes } = await tarOf(path);
  expect(runOk("tar", ["-tvf", "-"], { input: bytes })).toMatch(/zoo\/a name link to a\/b$/m);
});

test("a path that is not there fails before there are any bytes", async () => {
  const path = imageOf("nothing", () => directory());
  await withOpen(path, async (filesystem) => {
    const chunks = archive(filesystem, "/gone", () => {});
    await expectError(chunks.next(), "E_PATH_NOT_FOUND", "/gone");
  });
});

test("a broken file ends the tar with the error, after what came before it", async () => {
  let place = 0;
  const path = imageOf("broken", (image) => {
    const first = image.file(Buffer.alloc(3 << 20, "first"));
    const broken = image.file("broken");
    place = (broken.extents[0]?.physical ?? 0) * BLOCK_SIZE;
    return directory({ "a first": first, broken });
  });
  const whole = memoryImage(new Uint8Array(readFileSync(path)));
  const cut = {
    size: whole.size,
    read: (position: number, length: number) => whole.read(position, position === place ? 0 : length),
  };
  const got: Uint8Array[] = [];
  const attempt = async () => {
    for await (const chunk of archive(openFilesystem(cut), "/", () => {})) got.push(chunk);
  };
  await expectError(attempt, "E_INVALID_FILESYSTEM", "cut short");
  expect(Buffer.concat(got).includes("firstfirst")).toBe(true);
});

test("the image is read no faster than the tar, and no more once nobody reads on", async () => {
  const path = imageOf("large", (image) =>
    directory(
      Object.fromEntries([1, 2, 3].map((n) => [`file-${n}`, image.file(Buffer.alloc(8 << 20, `${n}`))])),
    ),
  );
  const image = new ImageFile(path);
  let read = 0;
  const counted = {
    size: image.size,
    read: (position: number, length: number) => {
      read += length;
      return image.read(position, length);
    },
  };
  for await (const chunk of archive(openFilesystem(counted), "/", () => {})) {
    expect(chunk.length).toBeGreaterThan(0);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    break;
  }
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(read).toBeLessThan(6 << 20);
  image.close();
});

test("what large files hold goes out as it was read, and is not copied", async () => {
  const path = imageOf("not copied", (image) =>
    directory({ small: image.file("small"), large: image.file(Buffer.alloc(3 << 20, "large")) }),
  );
  const image = memoryImage(new Uint8Array(readFileSync(path)));
  const read = new Set<ArrayBufferLike>();
  const kept = {
    size: image.size,
    read: (position: number, length: number) => {
      const bytes = image.read(position, length);
      read.add(bytes.buffer);
      return bytes;
    },
  };
  const sizes: number[] = [];
  for await (const { buffer, length } of archive(openFilesystem(kept), "/", () => {})) {
    if (read.has(buffer)) sizes.push(length);
  }
  expect(sizes).toEqual([1 << 20, 1 << 20, 1 << 20]);
});

test("a file of more than 8 GiB has its size", async () => {
  const size = 9 * 2 ** 30 + 1;
  const path = imageOf("huge", () => directory({ huge: { ...emptyFile(), size } }));
  await withOpen(path, async (filesystem) => {
    const chunks = archive(filesystem, "/huge", () => {});
    const { value } = await entriesOf(chunks, { layer: "test" }).next();
    expect(value).toMatchObject({ path: "huge", size });
    await chunks.return(undefined);
  });
});

async function withOpen(path: string, use: (filesystem: Ext4Filesystem) => Promise<void>): Promise<void> {
  const image = new ImageFile(path);
  try {
    await use(openFilesystem(image));
  } finally {
    image.close();
  }
}
