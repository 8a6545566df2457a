import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { indexTar } from "../../src/tar/archive-index.ts";
import { inFolder, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";

const index = (tar: Uint8Array) =>
  indexTar(async (position, length) => tar.subarray(position, position + length), tar.length, "image.tar");

/** What the index says is in the archive: name → content. */
async function contentsOf(tar: Uint8Array): Promise<Map<string, string>> {
  const { entries } = await index(tar);
  const files = [...entries].filter(([, entry]) => entry.type === "file");
  return new Map(
    files.map(([name, { offset, size }]) => [
      name,
      Buffer.from(tar.subarray(offset, offset + size)).toString("latin1"),
    ]),
  );
}

/** Changes a header block and mends its checksum. */
function edit(tar: Buffer, block: number, offset: number, bytes: string | readonly number[]): Buffer {
  const header = tar.subarray(block, block + 512);
  header.set(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, offset);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return tar;
}

const two = () =>
  tarOf([
    ["first", Buffer.alloc(700, "1")],
    ["second", Buffer.from("2")],
  ]);

describe("the index of a tar archive", () => {
  test("has every file with its place, and knows the end mark", async () => {
    const tar = await two();
    const { entries, endMarked } = await index(tar);
    expect([...entries.keys()]).toEqual(["first", "second"]);
    expect(entries.get("second")).toEqual({
      type: "file",
      offset: 2048,
      size: 1,
      segments: [{ offset: 0, length: 1 }],
      linkname: "",
    });
    expect(endMarked).toBe(true);
    expect((await index(tar.subarray(0, 2560))).endMarked).toBe(false);
  });

  test("reads headers, not contents", async () => {
    const tar = await tarOf([
      ["big", Buffer.alloc(8 << 20)],
      ["after", Buffer.from("x")],
    ]);
    let read = 0;
    await indexTar(
      async (position, length) => {
        read += length;
        return tar.subarray(position, position + length);
      },
      tar.length,
      "image.tar",
    );
    expect(read).toBeLessThan(100_000);
  });

  test("takes the last of two entries of one name", async () => {
    const tar = await tarOf([
      ["a", Buffer.from("old")],
      ["./a", Buffer.from("new")],
    ]);
    expect(await contentsOf(tar)).toEqual(new Map([["a", "new"]]));
  });

  test("has what any archive holds", () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.tuple(
            fc.stringMatching(/^[a-z]{1,120}(\/[a-z]{1,120}){0,2}$/),
            fc.uint8Array({ maxLength: 1500 }),
          ),
          {
            selector: ([name]) => name,
            maxLength: 8,
          },
        ),
        async (files) => {
          const tar = await tarOf(files);
          const expected = files.map(([name, content]): [string, string] => [
            name,
            Buffer.from(content).toString("latin1"),
          ]);
          expect(await contentsOf(tar)).toEqual(new Map(expected));
        },
      ),
      { numRuns: 50 },
    ));

  test("gives a name of 300 characters, and a link to one", async () => {
    const long = `${"d".repeat(99)}/${"e".repeat(99)}/${"f".repeat(99)}`;
    const tar = await tarOf([[long, Buffer.from("x")], [{ name: "l", type: "symlink", linkname: long }]]);
    const { entries } = await index(tar);
    expect(entries.get(long)?.size).toBe(1);
    expect(entries.get("l")).toMatchObject({ type: "symlink", linkname: long });
  });

  for (const format of ["gnu", "pax", "ustar", "v7", "oldgnu"]) {
    testWith(["tar"], `agrees with GNU tar on an archive of its ${format} format`, () =>
      inFolder(async (folder) => {
        // Names of two 90-byte parts are the longest that ustar takes; v7 stops at 99 bytes.
        const long = format === "v7" ? "n".repeat(90) : `${"n".repeat(90)}/${"m".repeat(90)}`;
        mkdirSync(join(folder, long, ".."), { recursive: true });
        for (const [i, name] of ["short", long].entries()) writeFileSync(join(folder, name), `content ${i}`);
        runOk("tar", [`--format=${format}`, "-C", folder, "-cf", join(folder, "out.tar"), "short", long]);
        expect(await contentsOf(readFileSync(join(folder, "out.tar")))).toEqual(
          new Map([
            ["short", "content 0"],
            [long, "content 1"],
          ]),
        );
      }),
    );
  }

  test("takes a size in base 256", async () => {
    const tar = edit(await two(), 0, 124, [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 700 >> 8, 700 & 0xff]);
    expect((await index(tar)).entries.get("first")?.size).toBe(700);
  });

  test("lets the size of a pax header go before the ustar one, and takes neither for links", async () => {
    const tar = await tarOf([
      [{ name: "a", pax: { comment: "x" } }, Buffer.from("abc")],
      ["b", Buffer.from("d")],
    ]);
    const record = "10 size=1\n10 path=a\n";
    const at = tar.indexOf("comment") - 3;
    const block = Math.floor(at / 512) * 512;
    tar.fill(0, block, block + 512);
    tar.write(record, block);
    edit(tar, block - 512, 124, record.length.toString(8).padStart(11, "0"));
    expect(await contentsOf(tar)).toEqual(
      new Map([
        ["a", "a"],
        ["b", "d"],
      ]),
    );

    const link = edit(
      await tarOf([[{ name: "l", type: "link", linkname: "b" }], ["b", Buffer.from("d")]]),
      0,
      124,
      "00000001000",
    );
    expect(await contentsOf(link)).toEqual(new Map([["b", "d"]]));
  });

  test("gives a sparse file by its own name, its size, and where its bytes belong", async () => {
    const pax = { "GNU.sparse.name": "file", "GNU.sparse.size": "5000", "GNU.sparse.map": "0,1,4096,2" };
    const tar = await tarOf([
      [{ name: "GNUSparseFile.1/file", pax }, Buffer.from("abc")],
      ["after", Buffer.from("x")],
    ]);
    const { entries } = await index(tar);
    expect(entries.get("file")).toMatchObject({
      type: "file",
      size: 5000,
      segments: [
        { offset: 0, length: 1 },
        { offset: 4096, length: 2 },
      ],
    });
    expect(entries.get("after")?.size).toBe(1);
  });

  test("reads numbers as layers' readers do: after a NUL, with old bytes behind", async () => {
    const tar = edit(await two(), 0, 124, "\x000001274\0 77");
    expect((await index(tar)).entries.get("first")?.size).toBe(700);
  });

  test("ends at the first block of zeros, whatever follows", async () => {
    const tar = Buffer.concat([await two(), await tarOf([["smuggled", Buffer.from("x")]])]);
    expect([...(await index(tar)).entries.keys()]).toEqual(["first", "second"]);
  });
});

describe("a tar archive is refused", () => {
  const broken = (name: string, make: () => Promise<Uint8Array>, ...fragments: string[]) =>
    test(name, async () => expectError(index(await make()), "E_BAD_ARCHIVE", "image.tar", ...fragments));

  broken(
    "that is something else",
    async () => Buffer.from("#!/bin/sh\n".repeat(100)),
    "is not a tar archive",
  );
  broken("that is shorter than a header", async () => Buffer.from("x"), "is not a tar archive");
  broken(
    "that is cut off in a file",
    async () => (await two()).subarray(0, 1000),
    'the entry "first" at byte 0',
    "lacks its last 212 bytes",
  );
  broken(
    "that is cut off in a header",
    async () => (await two()).subarray(0, 1700),
    "in the header at byte 1536",
    'after the entry "first"',
  );
  broken(
    "that has garbage where a header should be",
    async () => (await two()).fill(0x41, 1600, 1700),
    "no valid header at byte 1536",
    'after the entry "first"',
  );
  broken(
    "with a negative size",
    async () => edit(await two(), 0, 124, [0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]),
    "not a tar archive",
  );
  broken(
    "with a size beyond 2^53",
    async () => edit(await two(), 1536, 124, [0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    "no valid header at byte 1536",
  );
  broken(
    "with a size of a first byte of 0x81",
    async () => edit(await two(), 1536, 124, [0x81]),
    "no valid header at byte 1536",
  );
  broken(
    "with a size that is no number",
    async () => edit(await two(), 1536, 124, "00000x00001"),
    "no valid header at byte 1536",
  );
  broken(
    "with a size of 8 GiB and nothing behind",
    async () => edit(await two(), 1536, 124, "77777777777"),
    'the entry "second" at byte 1536',
    "bytes",
  );
  broken(
    "with a huge extended header",
    async () =>
      edit(edit(Buffer.concat([await two(), Buffer.alloc(2 << 20)]), 0, 156, "x"), 0, 124, "00004000001"),
    "an extended header has 1048577 bytes",
  );
  broken(
    "with a malformed pax header",
    async () => edit(await two(), 0, 156, "x"),
    "at byte 0",
    "an extended header is malformed",
  );

  const sparse = (map: string, size = "5000") => ({
    name: "file",
    pax: { "GNU.sparse.size": size, "GNU.sparse.map": map },
  });
  broken(
    "with a map of holes that its sizes contradict",
    () => tarOf([[sparse("0,1,4096,9"), Buffer.from("abc")]]),
    'the entry "file" at byte 1024',
    "the sparse map holds 10 bytes and the entry 3",
  );
  broken(
    "with a map of holes that is cut off",
    async () => {
      const header = edit(await tarOf([["file", Buffer.alloc(0)]]), 0, 156, "S").subarray(0, 512);
      return edit(Buffer.from(header), 0, 482, [1]);
    },
    'the entry "file" at byte 0',
    "lacks its last 512 bytes",
  );

  test("with more than 100,000 entries, before it has filled the memory", async () => {
    const template = await tarOf([["000000000000", Buffer.alloc(0)]]);
    const read = async (position: number, length: number) => {
      const blocks = Array.from({ length: length / 512 }, (_, i) => {
        const name = Buffer.from(`${position / 512 + i}`.padStart(12, "0"));
        return Buffer.from(edit(Buffer.from(template.subarray(0, 512)), 0, 0, [...name]));
      });
      return Buffer.concat(blocks);
    };
    await expectError(indexTar(read, 2 ** 40, "image.tar"), "E_BAD_ARCHIVE", "100000 entries");
  });
});
