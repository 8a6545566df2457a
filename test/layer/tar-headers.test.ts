import { describe, expect, test } from "bun:test";
import type { Docker2vmError } from "../../src/errors.ts";
import {
  checksum,
  gnuLongName,
  number,
  paxHeader,
  type TarItem,
  tar,
  tarHeader,
} from "../support/tar-builder.ts";
import { chunked, entriesOf, failureOf, readOne, readTar } from "./support.ts";

async function refusal(bytes: Uint8Array): Promise<Docker2vmError> {
  const error = (await failureOf(readTar(bytes))) as Docker2vmError;
  expect(error).toMatchObject({ name: "Docker2vmError", code: "E_BAD_LAYER" });
  expect(error.message).toContain("layer 1 (test)");
  return error;
}

describe("a ustar header", () => {
  test("gives path, kind, mode, owner, time and contents", async () => {
    const entry = await readOne(
      tar([{ path: "etc/motd", mode: 0o4755, uid: 12, gid: 34, mtime: 1e9, data: "hi" }]),
    );
    expect(entry).toMatchObject({
      path: "etc/motd",
      type: "file",
      linkname: "",
      size: 2,
      major: 0,
      minor: 0,
    });
    const time = { seconds: 1e9, nanoseconds: 0 };
    expect(entry.metadata).toEqual({
      mode: 0o4755,
      uid: 12,
      gid: 34,
      mtime: time,
      atime: time,
      ctime: time,
      xattrs: [],
    });
    expect(entry.data.toString()).toBe("hi");
  });

  test("joins prefix and name", async () => {
    const entry = await readOne(tar([{ path: "b".repeat(100), raw: { prefix: "a".repeat(155) } }]));
    expect(entry.path).toBe(`${"a".repeat(155)}/${"b".repeat(100)}`);
  });

  test("names every kind of entry", async () => {
    const kinds = ["file", "hardlink", "symlink", "char", "block", "directory", "fifo"] as const;
    const entries = await readTar(
      tar(kinds.map((type) => ({ path: type, type, linkname: "t", major: 8, minor: 1 }))),
    );
    expect(entries.map(({ path, type }) => [path, type])).toEqual(kinds.map((kind) => [kind, kind]));
    expect(entries.map(({ linkname }) => linkname)).toEqual(["", "t", "t", "", "", "", ""]);
    expect(entries.map(({ major, minor }) => major + minor)).toEqual([0, 0, 0, 9, 9, 0, 0]);
  });

  test("takes the contiguous file of typeflag 7 for a file", async () => {
    expect(await readOne(tar([{ type: "7", data: "abc" }]))).toMatchObject({ type: "file", size: 3 });
  });

  test("keeps bytes that are no UTF-8", async () => {
    const path = "caf\xe9\xff";
    expect((await readOne(tar([{ path, type: "symlink", linkname: "\xfe" }]))).path).toBe(path);
  });

  test("keeps only the permission bits of a mode with the file's kind in it", async () => {
    expect((await readOne(tar([{ mode: 0o100755 }]))).metadata.mode).toBe(0o755);
  });

  test("takes a checksum over signed bytes", async () => {
    const item = { path: "\xe9t\xe9" };
    const block = tarHeader(item);
    const signed = tarHeader({ ...item, raw: { chksum: checksum(block, true) } });
    expect((await readOne(tar([signed]))).path).toBe("\xe9t\xe9");
  });

  test("shares one time among an entry's times and with its neighbours", async () => {
    const [a, b] = await readTar(tar([{ mtime: 5 }, { mtime: 5 }]));
    expect(a?.metadata.atime).toBe(a?.metadata.mtime);
    expect(b?.metadata.mtime).toBe(a?.metadata.mtime);
  });
});

describe("a file's name that ends with a slash", () => {
  test("is a file's where contents follow, with a warning", async () => {
    const warnings: string[] = [];
    const entry = await readOne(tar([{ path: "f/", data: "text" }]), (message) => warnings.push(message));
    expect(entry).toMatchObject({ type: "file", size: 4 });
    expect(`${entry.data}`).toBe("text");
    expect(warnings).toEqual([expect.stringContaining('"f/"')]);
  });
});

describe("a character device 0:0", () => {
  test("stays one, with a warning", async () => {
    const warnings: string[] = [];
    const items = [
      { path: "null", type: "char", major: 1, minor: 3 },
      { path: "gone", type: "char" },
    ];
    const entries = await readTar(tar(items), 512, (message) => warnings.push(message));
    expect(entries.map(({ type }) => type)).toEqual(["char", "char"]);
    expect(warnings).toEqual([expect.stringMatching(/^"gone": .*whiteout/)]);
  });
});

describe("a v7 header", () => {
  const v7 = (item: TarItem) => tarHeader({ ...item, magic: "" });

  test("needs no magic", async () => {
    expect(await readOne(tar([v7({ path: "x", type: "\0" })]))).toMatchObject({ path: "x", type: "file" });
  });

  test.each(["\0", "0"])("is a directory's when the name ends with a slash (typeflag %p)", async (type) => {
    expect((await readOne(tar([v7({ path: "dir/", type })]))).type).toBe("directory");
  });

  test("has no prefix and no device numbers, whatever stands there", async () => {
    const entry = await readOne(
      tar([v7({ path: "x", type: "char", raw: { prefix: "junk", devmajor: "junk" } })]),
    );
    expect(entry).toMatchObject({ path: "x", major: 0, minor: 0 });
  });

  test("may not have contents and a directory's name", async () => {
    expect((await refusal(tar([{ path: "d/", type: "\0", data: "x" }]))).message).toContain(
      "name is that of a directory",
    );
  });
});

describe("a GNU header", () => {
  const gnu = "ustar  \0";

  test("has no prefix: what stands there is something else", async () => {
    const entry = await readOne(tar([{ path: "x", magic: gnu, raw: { prefix: "00000000001" } }]));
    expect(entry.path).toBe("x");
  });

  test("takes long names and long link names from the entries before it", async () => {
    const [path, link] = ["p".repeat(300), "l".repeat(400)];
    const bytes = tar([
      gnuLongName("K", link),
      gnuLongName("L", path),
      { type: "symlink", magic: gnu },
      { path: "y" },
    ]);
    const [first, second] = await readTar(bytes);
    expect(first).toMatchObject({ path, linkname: link });
    expect(second).toMatchObject({ path: "y", linkname: "" });
  });

  test("holds owners, sizes and times in base 256", async () => {
    const entry = await readOne(tar([{ uid: 4e9, gid: 2 ** 32 - 2, mtime: -86400 * 365 }]));
    expect(entry.metadata).toMatchObject({ uid: 4e9, gid: 2 ** 32 - 2 });
    expect(entry.metadata.mtime).toEqual({ seconds: -86400 * 365, nanoseconds: 0 });
  });

  test("of a dumped directory is a directory, the list of names passed over", async () => {
    const [dir, next] = await readTar(
      tar([{ path: "d/", type: "D", data: "Yname\0\0", magic: gnu }, { path: "x" }]),
    );
    expect(dir).toMatchObject({ path: "d/", type: "directory", size: 0 });
    expect(next?.path).toBe("x");
  });

  test("of a volume's label is no entry", async () => {
    const warnings: string[] = [];
    const bytes = tar([{ path: "label", type: "V", magic: gnu }, { path: "x" }]);
    expect((await readTar(bytes, 512, (message) => warnings.push(message))).map(({ path }) => path)).toEqual([
      "x",
    ]);
    expect(warnings).toEqual([]);
  });

  test.each(["M", "A", "Z", "\x80"])(
    "of a type that is no file is passed over with a warning (%p)",
    async (type) => {
      const warnings: string[] = [];
      const bytes = tar([{ path: "odd", type, data: "abc", magic: gnu }, { path: "x" }]);
      expect(
        (await readTar(bytes, 512, (message) => warnings.push(message))).map(({ path }) => path),
      ).toEqual(["x"]);
      expect(warnings).toEqual([expect.stringContaining('"odd"')]);
    },
  );
});

describe("numbers", () => {
  test.each([
    "0000644 ",
    "   644 \0",
    "    644",
    "644\0junk",
    "644 junk",
    "0000644\0",
    "\x00000644",
    "\0\0\x00644",
    " \0 644",
  ])("are octal, whatever blanks stand before them: %p", async (mode) => {
    expect((await readOne(tar([{ raw: { mode } }]))).metadata.mode).toBe(0o644);
  });

  test.each(["", "       ", "\0\0\0", "\0\0junk"])("are 0 when blank: %p", async (uid) => {
    expect((await readOne(tar([{ raw: { uid } }]))).metadata.uid).toBe(0);
  });

  const badSizes: [string, string | Uint8Array][] = [
    ["octal garbage", "12x4"],
    ["a digit 8", "00000000018"],
    ["a plus sign", "+1"],
    ["garbage after one NUL", "\0junk"],
    ["a minus sign", "-1"],
    ["a first byte of 0x81", Buffer.concat([Buffer.of(0x81), Buffer.alloc(11)])],
    ["a first byte of 0xfe", Buffer.concat([Buffer.of(0xfe), Buffer.alloc(11)])],
    ["a negative number in base 256", number(-512, 12)],
    ["2^53", number(2 ** 53, 12)],
  ];
  test.each(badSizes)("a size of %s is refused, with entry and place", async (_, size) => {
    const error = await refusal(
      tar([
        { path: "first", data: "x" },
        { path: "second", raw: { size } },
      ]),
    );
    expect(error.message).toContain('"second"');
    expect(error.message).toContain("at byte 1024 ");
  });

  test.each(["mode", "uid", "gid", "mtime", "chksum"] as const)(
    "a %s that is none is refused",
    async (field) => {
      await refusal(tar([{ raw: { [field]: "quark" } }]));
    },
  );

  test("of a size with a NUL before it say where the next header lies", async () => {
    const entries = await readTar(
      tar([{ path: "a", data: "text", raw: { size: "\x00000000004" } }, { path: "b" }]),
    );
    expect(entries.map(({ path, data }) => [path, `${data}`])).toEqual([
      ["a", "text"],
      ["b", ""],
    ]);
  });

  test("of a device may not be negative", async () => {
    const error = await refusal(tar([{ path: "tty", type: "char", raw: { devminor: number(-1, 8) } }]));
    expect(error.message).toContain('"tty"');
  });
});

describe("owners", () => {
  test.each([
    [2 ** 32 - 2, 2 ** 32 - 2, ""],
    [-2, 2 ** 32 - 2, "read as 4294967294"],
    [2 ** 32 + 5, 5, "read as 5"],
    [2 ** 40, 0, "read as 0"],
    [2 ** 32 - 1, 0, "root's"],
    [-1, 0, "root's"],
    [-(2 ** 32) - 1, 0, "root's"],
  ])("%d is %d to Linux, in a header and an extended header", async (written, id, said) => {
    const items: TarItem[] = [
      { path: "who", uid: written },
      { path: "who", gid: written },
      { path: "who", pax: { uid: `${written}` } },
      { path: "who", pax: { gid: `${written}` } },
    ];
    for (const [at, item] of items.entries()) {
      const warnings: string[] = [];
      const { metadata } = await readOne(tar([item]), (message) => warnings.push(message));
      expect(at % 2 === 0 ? metadata.uid : metadata.gid).toBe(id);
      expect(warnings).toEqual(said === "" ? [] : [expect.stringContaining(said)]);
    }
  });

  test("that are not as written are told once, with their number", async () => {
    const warnings: string[] = [];
    await readTar(
      tar([{ path: "a", uid: -2, gid: -2 }, { path: "b" }, { path: "c", uid: -2 }]),
      512,
      (message) => warnings.push(message),
    );
    expect(warnings).toEqual([
      '"a": its uid -2 is read as 4294967294, as Linux would have it: 32 bits (the first of 3 such in this layer)',
    ]);
  });
});

describe("entries without contents", () => {
  test.each(["hardlink", "symlink", "char", "block", "directory", "fifo"])(
    "%s: a size in the header means nothing, the next header follows at once",
    async (type) => {
      const entries = await readTar(
        tar([
          { path: "a", type, size: 5000, linkname: "t" },
          { path: "b", data: "text" },
        ]),
      );
      expect(entries.map(({ path, size }) => [path, size])).toEqual([
        ["a", 0],
        ["b", 4],
      ]);
      expect(entries[1]?.data.toString()).toBe("text");
    },
  );

  test("an extended header's size means nothing to them either", async () => {
    const entries = await readTar(
      tar([{ path: "a", type: "directory", pax: { size: "1024" } }, { path: "b" }]),
    );
    expect(entries.map(({ path }) => path)).toEqual(["a", "b"]);
  });
});

describe("the archive's end", () => {
  const block = Buffer.alloc(512);
  const reading = async (bytes: Uint8Array, sizes = 512) => {
    const warnings: string[] = [];
    const entries = await readTar(bytes, sizes, (message) => warnings.push(message));
    return { paths: entries.map(({ path }) => path), warnings };
  };

  test("is two zero blocks; entries after it do not count and are warned of once", async () => {
    const bytes = Buffer.concat([tar([{ path: "a" }]), tar([{ path: "smuggled", data: "x".repeat(2000) }])]);
    const { paths, warnings } = await reading(bytes);
    expect(paths).toEqual(["a"]);
    expect(warnings).toEqual([expect.stringContaining("after the end")]);
  });

  test("may be followed by zeros of any number", async () => {
    expect(await reading(Buffer.concat([tar([{ path: "a" }]), Buffer.alloc(9217)]))).toEqual({
      paths: ["a"],
      warnings: [],
    });
  });

  test("may be a single zero block if nothing follows", async () => {
    expect(await reading(Buffer.concat([tarHeader({ path: "a" }), block]))).toEqual({
      paths: ["a"],
      warnings: [],
    });
  });

  test("is not a single zero block with an entry after it", async () => {
    await refusal(tar([{ path: "a" }, block, { path: "b" }]));
  });

  test("may be missing, with a warning", async () => {
    const { paths, warnings } = await reading(tarHeader({ path: "a" }));
    expect(paths).toEqual(["a"]);
    expect(warnings).toEqual([expect.stringContaining("no end marker")]);
  });

  test("of an archive without entries is all there is", async () => {
    expect(await reading(tar([]))).toEqual({ paths: [], warnings: [] });
  });

  test("may lie in the padding of the last entry, with a warning", async () => {
    for (const [item, length] of [
      [{ path: "a", data: "x".repeat(900) }, 512 + 900],
      [{ path: "a", data: "x".repeat(900) }, 1535],
      [{ path: "a", type: "D", data: "x".repeat(900) }, 512 + 900],
    ] as const) {
      const { paths, warnings } = await reading(tar([item]).subarray(0, length), 100);
      expect(paths).toEqual(["a"]);
      expect(warnings).toEqual([expect.stringContaining("padding")]);
    }
    await refusal(paxHeader({ path: "b" }).subarray(0, 900));
  });

  test.each([[1], [511], [512], [700], [1024], [1411]])(
    "inside an entry is refused (%d bytes)",
    async (length) => {
      const whole = tar([{ path: "a", data: "x".repeat(900) }]);
      const { message } = await refusal(whole.subarray(0, length));
      expect(message.includes('"a"')).toBe(length >= 512);
    },
  );

  test("inside a header is not blamed on the entry before it", async () => {
    const { message } = await refusal(tar([{ path: "a", data: "x" }, { path: "b" }]).subarray(0, 1100));
    expect(message).toContain("in the middle of a header (at byte 1024 ");
  });

  test("between an extended header and its entry is refused", async () => {
    await refusal(tar([{ path: "a" }, paxHeader({ path: "b" })]));
    await refusal(paxHeader({ path: "b" }));
    await refusal(gnuLongName("L", "b"));
  });
});

describe("what is no tar", () => {
  test("is refused at its first byte", async () => {
    expect((await refusal(Buffer.alloc(2048, "text"))).message).toContain("at byte 0 ");
  });

  test("is refused when a checksum does not hold, after the entries before it", async () => {
    const broken = tarHeader({ path: "b", raw: { chksum: "0000001" } });
    const paths: string[] = [];
    const bytes = tar([{ path: "a", data: "1" }, broken]);
    const reading = (async () => {
      for await (const { path } of entriesOf(chunked(bytes, 4096), { layer: "L" })) paths.push(path);
    })();
    expect(((await failureOf(reading)) as Docker2vmError).message).toContain("at byte 1024 ");
    expect(paths).toEqual(["a"]);
  });
});
