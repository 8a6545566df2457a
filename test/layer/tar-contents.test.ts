import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Docker2vmError } from "../../src/errors.ts";
import { expectError } from "../support/expect-error.ts";
import { gnuLongName, paxHeader, tar, tarHeader } from "../support/tar-builder.ts";
import { chunked, entriesOf, failureOf, parts, readTar } from "./support.ts";

const CONTEXT = { layer: "layer 1 (test)" };

const noise = (length: number) =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

const LONG = `${"dir/".repeat(100)}file`;

/** One of everything that a header can be followed by. */
const ARCHIVE = tar([
  paxHeader({ gid: "3" }, "g"),
  { path: "dir/", type: "directory" },
  { path: "dir/empty" },
  { path: "dir/small", data: noise(5) },
  gnuLongName("L", LONG),
  { path: "x", data: noise(512) },
  { path: "dir/large", data: noise(300_000), pax: { mtime: "1.25", "SCHILY.xattr.user.a": "\x80\0" } },
  { path: "odd", type: "Z", data: noise(1000) },
  { path: "hole", data: "abc", pax: { "GNU.sparse.size": "9000", "GNU.sparse.map": "100,1,8000,2" } },
  { path: "link", type: "symlink", linkname: "dir", size: 512 },
  { path: "dir/last", data: noise(1025) },
]);

describe("the same entries come", () => {
  test("however the bytes are chunked", async () => {
    const expected = await readTar(ARCHIVE);
    expect(expected).toHaveLength(8);
    for (const sizes of [511, 512, 513, 4096, 65536, [1, 1023], [512, 1]])
      expect(await readTar(ARCHIVE, sizes)).toEqual(expected);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 }),
        async (sizes) => {
          expect(await readTar(ARCHIVE, sizes)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("byte by byte", async () => {
    const small = Buffer.concat([ARCHIVE.subarray(0, 6 * 512), tar([{ path: "end", data: "x" }])]);
    expect(await readTar(small, 1)).toEqual(await readTar(small));
  });

  test("when chunks are empty", async () => {
    expect(await readTar(ARCHIVE, [0, 1000, 0, 0, 7])).toEqual(await readTar(ARCHIVE));
  });
});

describe("contents", () => {
  test("do not come between one who wants none and the entries", async () => {
    for (const size of [512, 1000, 1 << 20]) {
      const paths: string[] = [];
      for await (const { path } of entriesOf(chunked(ARCHIVE, size), CONTEXT)) paths.push(path);
      expect(paths).toEqual((await readTar(ARCHIVE)).map(({ path }) => path));
    }
  });

  test("come after their entry, in order and without gaps", async () => {
    const seen: string[] = [];
    let next = 0;
    for await (const part of parts(chunked(ARCHIVE, 1000), CONTEXT)) {
      if (part.kind === "entry") {
        seen.push(`${part.entry.path} ${part.entry.size}`);
        next = 0;
      } else if (!seen.at(-1)?.startsWith("hole")) {
        expect(part.offset).toBe(next);
        next += part.bytes.length;
      }
    }
    expect(seen).toEqual((await readTar(ARCHIVE)).map(({ path, size }) => `${path} ${size}`));
    expect(next).toBe(1025);
  });

  test("cut short fail after what there is of them", async () => {
    const cut = tar([{ path: "a", data: noise(5000) }]).subarray(0, 3000);
    let length = 0;
    const reading = (async () => {
      for await (const part of parts(chunked(cut, 700), CONTEXT)) {
        if (part.kind === "contents") length += part.bytes.length;
      }
    })();
    await expectError(reading, "E_BAD_LAYER", '"a"', "in the middle of an entry");
    expect(length).toBe(3000 - 512);
  });

  test("of more than 8 GiB have their size", async () => {
    const header = tarHeader({ path: "huge", size: 2 ** 40 });
    for await (const { size } of entriesOf(endless(header), CONTEXT)) {
      expect(size).toBe(2 ** 40);
      break;
    }
  });

  test("are never written into: chunks stay as they were", async () => {
    const copy = Buffer.from(ARCHIVE);
    await readTar(copy, 1 << 20);
    expect(copy.equals(ARCHIVE)).toBe(true);
  });
});

describe("the chunks", () => {
  test("are read to their end, past the archive's", async () => {
    let read = 0;
    async function* counting() {
      for await (const chunk of chunked(Buffer.concat([tar([{}]), Buffer.alloc(10_000)]), 1000)) {
        read += chunk.length;
        yield chunk;
      }
    }
    for await (const _ of entriesOf(counting(), CONTEXT));
    expect(read).toBe(512 + 1024 + 10_000);
  });

  test.each([0, 1, 5])("are closed when the reader stops at entry %d", async (stop) => {
    let closed = 0;
    let entries = 0;
    async function* closing() {
      try {
        yield* chunked(ARCHIVE, 1000);
      } finally {
        closed++;
      }
    }
    for await (const _ of entriesOf(closing(), CONTEXT)) if (entries++ === stop) break;
    expect(closed).toBe(1);
  });

  test("fail with their own error", async () => {
    const own = new Docker2vmError("E_IO", "the disk");
    async function* failing() {
      yield ARCHIVE.subarray(0, 20_000);
      throw own;
    }
    expect(await failureOf(readAll(failing()))).toBe(own);
  });
});

describe("damaged archives", () => {
  test("never hang and never fail with anything but E_BAD_LAYER", async () => {
    const flips = fc.array(fc.tuple(fc.nat(ARCHIVE.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        flips,
        fc.boolean(),
        fc.integer({ min: 400, max: 70_000 }),
        async (list, repair, size) => {
          const bytes = Buffer.from(ARCHIVE);
          for (const [at, mask] of list) bytes[at] = (bytes[at] ?? 0) ^ mask;
          if (repair) for (const [at] of list) repairChecksum(bytes, at);
          await readAll(chunked(bytes, size)).catch((error: unknown) => {
            expect(error).toMatchObject({ name: "Docker2vmError", code: "E_BAD_LAYER" });
          });
        },
      ),
      { numRuns: 400 },
    );
  });

  test("cut anywhere give the entries before the cut", async () => {
    const whole = await readTar(ARCHIVE);
    await fc.assert(
      fc.asyncProperty(fc.nat(ARCHIVE.length), async (length) => {
        const paths: string[] = [];
        try {
          for await (const { path } of entriesOf(chunked(ARCHIVE.subarray(0, length), 5000), CONTEXT))
            paths.push(path);
        } catch (error) {
          expect(error).toMatchObject({ name: "Docker2vmError", code: "E_BAD_LAYER" });
        }
        expect(paths).toEqual(whole.slice(0, paths.length).map(({ path }) => path));
      }),
      { numRuns: 200 },
    );
  });
});

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of parts(chunks, CONTEXT));
}

async function* endless(head: Uint8Array): AsyncGenerator<Uint8Array> {
  yield head;
  for (;;) yield new Uint8Array(1 << 16);
}

/** Makes the checksum of the block around `at` hold, so that the change reaches what comes after that check. */
function repairChecksum(bytes: Buffer, at: number): void {
  const start = at - (at % 512);
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : (bytes[start + i] ?? 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, start + 148, "latin1");
}
