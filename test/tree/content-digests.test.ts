import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ContentDigests } from "../../src/tree/content-digests.ts";
import { EPOCH, NO_XATTRS, type RegularFile } from "../../src/tree/inode.ts";

const MIB = 1 << 20;

function file(size: number): RegularFile {
  const metadata = { mode: 0, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
  return { type: "file", metadata, size, extents: [] };
}

type Part = readonly [offset: number, bytes: Uint8Array];

async function digestsOf(...files: readonly (readonly Part[])[]): Promise<string[]> {
  const digests = new ContentDigests();
  const all = files.map(() => file(0));
  for (const [i, parts] of files.entries()) {
    for (const [offset, bytes] of parts) await digests.write(offset, bytes);
    digests.end(all[i] as RegularFile);
  }
  await digests.settle();
  return all.map((each) => Buffer.from(digests.of(each)).toString("hex"));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Without zeros at any end. */
function noise(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 + ((i * 31 + seed) % 251));
}

function inPieces(bytes: Uint8Array, length: number, from = 0): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; at += length) parts.push([from + at, bytes.slice(at, at + length)]);
  return parts;
}

test("a file of up to a MiB has the digest of its contents without the zeros at their end", async () => {
  const [small, large, padded, none, zeros] = [
    noise(100, 1),
    noise(MIB, 2),
    Buffer.alloc(MIB),
    new Uint8Array(),
    Buffer.alloc(MIB),
  ];
  padded.set(small);
  const files = [small, large, padded, none, zeros].map((bytes): Part[] => [[0, bytes]]);
  expect(await digestsOf(...files)).toEqual([small, large, small, none, none].map(sha256));
});

test("however contents come, and whether zeros are there, they have one digest", async () => {
  const contents = Buffer.alloc(5 * MIB + 1000);
  contents.set(noise(MIB + 10, 1), 100);
  contents.set(noise(10, 2), 3 * MIB - 5);
  contents.set(noise(1000, 3), 5 * MIB);
  const holes: Part[] = [
    [100, contents.slice(100, MIB + 110)],
    [3 * MIB - 5, contents.slice(3 * MIB - 5, 3 * MIB + 5)],
    [5 * MIB, contents.slice(5 * MIB)],
  ];
  const ways = [1000, 4096, 100_001, MIB, 2 * MIB, contents.length].map((length) =>
    inPieces(contents, length),
  );
  const found = new Set(await digestsOf(...ways, holes));
  expect(found.size).toBe(1);
});

test("where contents lie, and in which order, makes another digest", async () => {
  const [one, other] = [noise(MIB, 1), noise(MIB, 2)];
  const files: Part[][] = [
    [[0, one]],
    [[MIB, one]],
    [[2 * MIB, one]],
    [
      [0, one],
      [MIB, other],
    ],
    [
      [0, other],
      [MIB, one],
    ],
    [
      [0, one],
      [2 * MIB, other],
    ],
  ];
  expect(new Set(await digestsOf(...files)).size).toBe(files.length);
});

test("what has been written may be changed at once", async () => {
  const bytes = noise(MIB, 1);
  const digests = new ContentDigests();
  const [whole, small] = [file(MIB), file(100)];
  const wanted = [sha256(bytes), sha256(bytes.subarray(0, 100))];
  await digests.write(0, bytes);
  bytes.fill(7);
  digests.end(whole);
  bytes.set(noise(MIB, 1));
  await digests.write(0, bytes.subarray(0, 100));
  bytes.fill(7);
  digests.end(small);
  await digests.settle();
  expect([whole, small].map((each) => Buffer.from(digests.of(each)).toString("hex"))).toEqual(wanted);
});

test("of many files each has its own", async () => {
  const count = 10_000;
  const files = Array.from({ length: count }, (_, i): Part[] => [[0, Buffer.from(`file ${i}`)]]);
  const found = await digestsOf(...files);
  expect(found[9999]).toBe(sha256(Buffer.from("file 9999")));
  expect(new Set(found).size).toBe(count);
});
