import { describe, expect, test } from "bun:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { readBody, readErrorText } from "../../src/http/body.ts";
import type { HttpResponse } from "../../src/http/client.ts";
import { contentCodings, decoded } from "../../src/http/content-coding.ts";
import { expectError } from "../support/expect-error.ts";

const TEXT = Buffer.from(JSON.stringify({ said: "x".repeat(500) }));

async function* inPieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const responseOf = (bytes: Uint8Array, coding: string | readonly string[]): HttpResponse => ({
  url: new URL("https://r.io/v2/x?hidden"),
  status: 200,
  headers: { "content-encoding": coding },
  body: { discard: () => undefined, [Symbol.asyncIterator]: () => inPieces(bytes) },
});

const gathered = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
};

test("codings are read from every value, in either case, without those that change nothing", () => {
  const codings = (value?: string | readonly string[]) => contentCodings({ "content-encoding": value });
  expect(codings(undefined)).toEqual([]);
  expect(codings("identity, ")).toEqual([]);
  expect(codings("X-GZip")).toEqual(["gzip"]);
  expect(codings(["gzip , br", "ZSTD"])).toEqual(["gzip", "br", "zstd"]);
});

describe("a document", () => {
  for (const [what, bytes, coding] of [
    ["in gzip", gzipSync(TEXT), "gzip"],
    [
      "in gzip of two members",
      Buffer.concat([TEXT.subarray(0, 9), TEXT.subarray(9)].map((b) => gzipSync(b))),
      "gzip",
    ],
    ["that only is said to be gzip", TEXT, "gzip"],
    ["in no coding", TEXT, "identity"],
  ] as const) {
    test(`${what} is what was encoded`, async () => {
      expect(Buffer.from(await readBody(responseOf(bytes, coding), TEXT.length))).toEqual(TEXT);
    });
  }

  test("is bounded as it is decoded, and as it comes", async () => {
    const bomb = gzipSync(Buffer.alloc(10 << 20));
    const fits = gzipSync(Buffer.alloc(20_000));
    expect(await readBody(responseOf(fits, "gzip"), 20_000)).toHaveLength(20_000);
    for (const bytes of [
      bomb,
      gzipSync(Buffer.alloc(20_001)),
      Buffer.concat(Array(2000).fill(gzipSync(""))),
    ]) {
      await expectError(readBody(responseOf(bytes, "gzip"), 20_000), "E_BAD_MANIFEST", "20000 bytes");
    }
  });

  test("in broken or cut-off gzip is not taken", async () => {
    const whole = gzipSync(TEXT);
    const changed = Buffer.from(whole);
    changed[whole.length - 6] = (whole[whole.length - 6] ?? 0) ^ 1;
    for (const bytes of [changed, whole.subarray(0, -5)]) {
      await expectError(
        readBody(responseOf(bytes, "gzip"), 10_000),
        "E_NETWORK",
        "https://r.io/v2/x",
        "broken",
      );
    }
  });

  for (const [bytes, coding] of [
    [brotliCompressSync(TEXT), "br"],
    [TEXT, "zstd"],
    [TEXT, "deflate"],
    [gzipSync(gzipSync(TEXT)), "gzip, gzip"],
    [gzipSync(TEXT), ["br", "gzip"]],
  ] as const) {
    const named = [coding].flat().join(", ");
    test(`in ${named} is refused by name`, () =>
      expectError(
        readBody(responseOf(bytes, coding), 10_000),
        "E_NETWORK",
        "https://r.io/v2/x",
        `(Content-Encoding: ${named})`,
        "only gzip",
      ));
  }

  test("about an error is read as far as it can be", async () => {
    expect(await readErrorText(responseOf(gzipSync(TEXT), "gzip"), 10_000)).toBe(TEXT.toString());
    expect(
      await readErrorText(responseOf(gzipSync(TEXT, { level: 0 }).subarray(0, 200), "gzip"), 10_000),
    ).toStartWith('{"said"');
    for (const [bytes, coding] of [
      [gzipSync(Buffer.alloc(10 << 20)), "gzip"],
      [TEXT, "br"],
      [TEXT, "gzip"],
    ] as const) {
      expect(await readErrorText(responseOf(bytes, coding), 10_000)).toBe("");
    }
  });
});

describe("a stream", () => {
  test("in gzip is what was encoded", async () => {
    expect(await gathered(decoded(inPieces(gzipSync(TEXT)), 10_000, "it"))).toEqual(TEXT);
  });

  test("in broken or cut-off gzip ends with that", async () => {
    for (const bytes of [gzipSync(TEXT).subarray(0, -5), TEXT]) {
      await expectError(gathered(decoded(inPieces(bytes), 10_000, "it")), "E_NETWORK", "it: the gzip");
    }
  });

  test("of gzip that holds nothing and has no end is left", async () => {
    let left = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield gzipSync("");
      } finally {
        left = true;
      }
    }
    await expectError(gathered(decoded(endless(), 10_000, "it")), "E_NETWORK", "more comes");
    expect(left).toBe(true);
  });

  test("that fails throws what it did, and is closed when its reader stops", async () => {
    const failure = new Error("enough");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(TEXT).subarray(0, 10);
      throw failure;
    }
    expect(await gathered(decoded(failing(), 10_000, "it")).catch((error: unknown) => error)).toBe(failure);
    let left = false;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(gzipSync(Buffer.alloc(1 << 20, "abc"), { level: 0 }), 100_000);
      } finally {
        left = true;
      }
    }
    for await (const _ of decoded(watched(), 2 << 20, "it")) break;
    await Bun.sleep(0);
    expect(left).toBe(true);
  });
});
