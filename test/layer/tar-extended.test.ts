import { describe, expect, test } from "bun:test";
import { expectError } from "../support/expect-error.ts";
import { gnuLongName, paxHeader, tar, tarHeader, tarItem } from "../support/tar-builder.ts";
import { readOne, readTar } from "./support.ts";

describe("an extended header", () => {
  test("gives path, target, owner and times, bytes as they are", async () => {
    const pax = {
      path: "caf\xe9/\xff",
      linkpath: "\xfe",
      uid: "4000000000",
      gid: "70000",
      mtime: "1.5",
      atime: "2",
      ctime: "3.000000001",
    };
    const entry = await readOne(tar([{ type: "symlink", linkname: "x", uid: 1, gid: 2, mtime: 9, pax }]));
    expect(entry).toMatchObject({ path: "caf\xe9/\xff", linkname: "\xfe" });
    expect(entry.metadata).toMatchObject({
      uid: 4000000000,
      gid: 70000,
      mtime: { seconds: 1, nanoseconds: 500_000_000 },
      atime: { seconds: 2, nanoseconds: 0 },
      ctime: { seconds: 3, nanoseconds: 1 },
    });
  });

  test("applies to the next entry only", async () => {
    const entries = await readTar(tar([{ path: "a", pax: { path: "long" } }, { path: "b" }]));
    expect(entries.map(({ path }) => path)).toEqual(["long", "b"]);
  });

  test("may hold a path of digits only", async () => {
    expect((await readOne(tar([{ pax: { path: "12345" } }]))).path).toBe("12345");
  });

  test("of Sun's typeflag X is one too", async () => {
    expect((await readOne(tar([paxHeader({ path: "long" }, "X"), { path: "a" }]))).path).toBe("long");
  });

  test("with an empty value leaves the header's own", async () => {
    expect((await readOne(tar([{ path: "own", uid: 7, pax: { path: "", uid: "" } }]))).path).toBe("own");
  });

  test("says the size, whichever way the header disagrees", async () => {
    const five = tar([tarItem({ path: "a", data: "12345", size: 0, pax: { size: "5" } }), { path: "b" }]);
    expect((await readTar(five)).map(({ path, data }) => [path, `${data}`])).toEqual([
      ["a", "12345"],
      ["b", ""],
    ]);
    const zero = tar([paxHeader({ size: "0" }), tarHeader({ path: "a", size: 1024 }), { path: "b" }]);
    expect((await readTar(zero)).map(({ path, size }) => [path, size])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
  });

  test("does not say the size of a long name between it and its entry", async () => {
    const bytes = tar([
      paxHeader({ size: "3" }),
      gnuLongName("L", "name".repeat(50)),
      { data: "abc" },
      { path: "b" },
    ]);
    const entries = await readTar(bytes);
    expect(entries.map(({ path, size }) => [path, size])).toEqual([
      ["name".repeat(50), 3],
      ["b", 0],
    ]);
  });

  test("has the last word over a long name, wherever it stands", async () => {
    for (const headers of [
      [paxHeader({ path: "pax" }), gnuLongName("L", "gnu")],
      [gnuLongName("L", "gnu"), paxHeader({ path: "pax" })],
    ]) {
      expect((await readOne(tar([...headers, { path: "x" }]))).path).toBe("pax");
    }
  });

  test("counts alone when another stands before it", async () => {
    const entry = await readOne(
      tar([paxHeader({ path: "first", uid: "5" }), paxHeader({ path: "second" }), {}]),
    );
    expect(entry).toMatchObject({ path: "second", metadata: { uid: 0 } });
  });

  test.each([
    ["-1.5", -2, 500_000_000],
    ["+1.5", 1, 500_000_000],
    ["-1", -1, 0],
    ["-0.000000001", -1, 999_999_999],
    ["0.1234567891", 0, 123_456_789],
    ["1700000000.", 1700000000, 0],
    ["99999999999", 99999999999, 0],
  ])("time %s is %d s and %d ns", async (mtime, seconds, nanoseconds) => {
    expect((await readOne(tar([{ pax: { mtime } }]))).metadata.mtime).toEqual({ seconds, nanoseconds });
  });

  const bad: [string, string][] = [
    ["a length that is none", "xx path=a\n"],
    ["no length", " path=a\n"],
    ["a length beyond the header", "99 path=a\n"],
    ["a length that ends early", "5 path=a\n"],
    ["a length of 0", "0 path=a\n"],
    ["no equals sign", "9 path a\n"],
    ["no keyword", "5 =a\n"],
    ["no newline", "9 path=ab"],
    ["zeros after the records", "10 path=a\n\0\0"],
  ];
  test.each(bad)("with %s is refused", async (_, text) => {
    await expectError(
      readTar(tar([{ path: "hdr", type: "x", data: text }, {}])),
      "E_BAD_LAYER",
      "extended header",
      "hdr",
    );
  });

  test.each([
    [{ uid: "1e3" }],
    [{ uid: "--1" }],
    [{ size: "-1" }],
    [{ size: "9007199254740993" }],
    [{ size: "1".repeat(30) }],
    [{ mtime: "today" }],
    [{ mtime: "1.2.3" }],
    [{ gid: "9007199254740993" }],
  ])("with %p is refused", async (pax) => {
    await expectError(readTar(tar([{ path: "who", pax }])), "E_BAD_LAYER", '"who"');
  });

  test.each(["x", "X", "g", "L", "K"])("that is empty says nothing, with a warning (%s)", async (type) => {
    const warnings: string[] = [];
    const bytes = tar([
      { path: "hdr", type },
      { path: "a", type: "symlink", linkname: "t" },
    ]);
    const entry = await readOne(bytes, (message) => warnings.push(message));
    expect(entry).toMatchObject({ path: "a", linkname: "t" });
    expect(warnings).toEqual([expect.stringContaining("without contents")]);
  });

  test("of more than 1 MiB is refused before it is read", async () => {
    const header = tarHeader({ type: "x", size: 2 ** 40 });
    await expectError(readTar(header), "E_BAD_LAYER", "1099511627776 bytes");
    const name = tarItem({ type: "L", data: "x".repeat((1 << 20) + 1) });
    await expectError(readTar(tar([name, {}])), "E_BAD_LAYER", "1048577 bytes");
  });
});

describe("paths", () => {
  test("of 4096 bytes are taken, longer ones refused", async () => {
    expect((await readOne(tar([{ pax: { path: "p".repeat(4096) } }]))).path).toHaveLength(4096);
    await expectError(readTar(tar([{ pax: { path: "p".repeat(4097) } }])), "E_BAD_LAYER", "4096");
    const long = { type: "symlink", pax: { linkpath: "p".repeat(4097) } };
    await expectError(readTar(tar([long])), "E_BAD_LAYER", "4096");
  });

  test("with a NUL are refused", async () => {
    await expectError(readTar(tar([{ pax: { path: "a\0b" } }])), "E_BAD_LAYER", "NUL");
    await expectError(readTar(tar([{ type: "hardlink", pax: { linkpath: "a\0b" } }])), "E_BAD_LAYER", "NUL");
  });

  test("are shown escaped and cut in messages", async () => {
    const path = `\x1b[31m${"x".repeat(4000)}`;
    await expectError(readTar(tar([{ pax: { path, uid: "x" } }])), "E_BAD_LAYER", "\\u001b[31mx", "x…");
  });
});

describe("a global extended header", () => {
  test("applies to all entries after it, also to those without one of their own", async () => {
    const entries = await readTar(
      tar([{ path: "a" }, paxHeader({ uid: "5", mtime: "7" }, "g"), { path: "b" }, { path: "c" }]),
    );
    expect(entries.map(({ metadata }) => [metadata.uid, metadata.mtime.seconds])).toEqual([
      [0, 0],
      [5, 7],
      [5, 7],
    ]);
  });

  test("gives way to an extended header, which can also take it away", async () => {
    const bytes = tar([
      paxHeader({ uid: "5" }, "g"),
      { uid: 1, pax: { uid: "6" } },
      { uid: 1, pax: { uid: "" } },
      { uid: 1 },
    ]);
    expect((await readTar(bytes)).map(({ metadata }) => metadata.uid)).toEqual([6, 1, 5]);
  });

  test("is told of where it gives entries anything, for container runtimes pass over it", async () => {
    const warnings: string[] = [];
    const bytes = tar([paxHeader({ uid: "5", "SCHILY.xattr.user.a": "1" }, "g"), {}, {}]);
    const entries = await readTar(bytes, 512, (message) => warnings.push(message));
    expect(entries[1]?.metadata.xattrs).toHaveLength(1);
    expect(entries[1]?.metadata.xattrs).toBe(entries[0]?.metadata.xattrs ?? []);
    expect(warnings).toEqual([expect.stringMatching(/"uid".*\(the first of 2 such/)]);
  });

  test("gives attributes to entries that have others, which come first", async () => {
    const bytes = tar([
      paxHeader({ "SCHILY.xattr.user.a": "global", "SCHILY.xattr.user.b": "global" }, "g"),
      { pax: { "SCHILY.xattr.user.b": "own" } },
      { type: "fifo" },
      { type: "directory" },
    ]);
    const found = (await readTar(bytes)).map(({ metadata }) =>
      metadata.xattrs.map(({ name, value }) => `${name} ${Buffer.from(value)}`),
    );
    expect(found).toEqual([["user.a global", "user.b own"], [], ["user.a global", "user.b global"]]);
  });

  test.each([
    [{ path: "same" }],
    [{ linkpath: "same" }],
    [{ size: "1" }],
    [{ "GNU.sparse.size": "100", "GNU.sparse.map": "0,4" }],
    [[["GNU.sparse.offset", "0"] as const]],
  ])("says nothing that can only be meant of one entry: %p", async (records) => {
    const warnings: string[] = [];
    const bytes = tar([
      paxHeader(records, "g"),
      { path: "a", data: "text" },
      { path: "b", type: "symlink", linkname: "t", pax: { mtime: "1" } },
    ]);
    const entries = await readTar(bytes, 512, (message) => warnings.push(message));
    expect(entries.map(({ path, size, linkname }) => [path, size, linkname])).toEqual([
      ["a", 4, ""],
      ["b", 0, "t"],
    ]);
    expect(warnings).toEqual([expect.stringContaining("each keeps its own")]);
  });

  test("may give 256 attributes, not more", async () => {
    const attributes = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`SCHILY.xattr.user.${at}`, "1"]));
    const read = (count: number) => readOne(tar([paxHeader(attributes(count), "g"), { path: "a" }]));
    expect((await read(256)).metadata.xattrs).toHaveLength(256);
    await expectError(read(257), "E_BAD_LAYER", "257 attributes");
  });

  test("adds to one before it", async () => {
    const bytes = tar([paxHeader({ uid: "5", gid: "8" }, "g"), paxHeader({ uid: "" }, "g"), {}]);
    expect((await readOne(bytes)).metadata).toMatchObject({ uid: 0, gid: 8 });
  });

  test("with a comment, as git writes it, changes nothing", async () => {
    const entry = await readOne(tar([paxHeader({ comment: "0123abcd" }, "g"), { path: "a" }]), () => {
      throw new Error("no warning was expected");
    });
    expect(entry.path).toBe("a");
  });
});
