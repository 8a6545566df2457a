import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, createGunzip, type Gunzip, gzipSync } from "node:zlib";
import fc from "fast-check";
import { badCompression } from "../../src/inflate/bad-compression.ts";
import { AsideGunzip } from "../../src/inflate/codec-aside.ts";
import { CodecHandle } from "../../src/inflate/codec-handle.ts";
import { throughStream } from "../../src/inflate/codec-stream.ts";
import { checkZeroPadding } from "../../src/inflate/gzip-format.ts";
import {
  type Compression,
  decompress,
  type InflateChoice,
  sniffCompression,
} from "../../src/layer/decompress.ts";
import { CHUNK_SIZE, type ChunkMemory, SMALL_CHUNK_SIZE } from "../../src/memory/chunks.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { gzipCases, type InflateCase, SAMPLE, zstdCases } from "./inflate-corpus.ts";
import { chunked, collect, failureOf } from "./support.ts";

const CHOICES = ["native", "fflate"] as const;
const CORPUS: readonly (readonly ["gzip" | "zstd", readonly InflateCase[]])[] = [
  ["gzip", gzipCases()],
  ["zstd", zstdCases()],
];

const folder = mkdtempSync(join(tmpdir(), "docker2vm-inflate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function inflate(
  bytes: Uint8Array,
  compression: Compression,
  choice: InflateChoice,
  size = 65536,
): Promise<Buffer> {
  return collect(decompress(chunked(bytes, size), compression, choice, "layer 1 (test)"));
}

/** What every inflater has to make of damaged data. */
function damage(compression: string): [code: "E_BAD_COMPRESSION", message: string] {
  return ["E_BAD_COMPRESSION", `layer 1 (test): its ${compression} data is damaged or cut short`];
}

test("compression is told by the first bytes", () => {
  expect(sniffCompression(Buffer.of(0x1f, 0x8b, 8, 0))).toBe("gzip");
  expect(sniffCompression(Buffer.of(0x28, 0xb5, 0x2f, 0xfd))).toBe("zstd");
  expect(sniffCompression(Buffer.of(0x50, 0x2a, 0x4d, 0x18))).toBe("zstd");
  expect(sniffCompression(Buffer.of(0x5f, 0x2a, 0x4d, 0x18))).toBe("zstd");
  expect(sniffCompression(Buffer.of(0x60, 0x2a, 0x4d, 0x18))).toBe("none");
  expect(sniffCompression(Buffer.from("etc/"))).toBe("none");
  expect(sniffCompression(Buffer.of(0x1f))).toBe("none");
  expect(sniffCompression(Buffer.alloc(0))).toBe("none");
});

test("what is not compressed passes as it is", async () => {
  expect((await inflate(SAMPLE, "none", "auto")).equals(SAMPLE)).toBe(true);
});

for (const [compression, cases] of CORPUS) {
  for (const choice of CHOICES) {
    describe(`${compression}, ${choice}`, () => {
      for (const { name, bytes, inflated } of cases) {
        const sizes = bytes.length < 400 ? [1, 7, 65536] : [1000, 65536, 1 << 24];
        if (inflated === undefined) {
          test(`refuses ${name}`, async () => {
            for (const size of sizes) {
              await expectError(inflate(bytes, compression, choice, size), ...damage(compression));
            }
          });
        } else {
          test(`inflates ${name}`, async () => {
            for (const size of sizes) {
              expect((await inflate(bytes, compression, choice, size)).equals(inflated)).toBe(true);
            }
          });
        }
      }

      test("lets the source's own errors through", async () => {
        const own = new Error("the source");
        async function* failing() {
          yield (cases[0]?.bytes ?? Buffer.alloc(0)).subarray(0, 1000);
          throw own;
        }
        expect(await failureOf(collect(decompress(failing(), compression, choice, "")))).toBe(own);
      });

      test("stops reading the source when its reader stops", async () => {
        let reading = true;
        async function* source() {
          try {
            for (;;) yield* chunked(cases[0]?.bytes ?? Buffer.alloc(0), 1000);
          } finally {
            reading = false;
          }
        }
        for await (const _ of decompress(source(), compression, choice, "")) break;
        expect(reading).toBe(false);
      });

      test("reads no more of the source than it has use for", async () => {
        const bomb = cases.find(({ name }) => name.startsWith("very much"))?.bytes ?? Buffer.alloc(0);
        let read = 0;
        async function* source() {
          for (; read < 1000; read++) yield bomb;
        }
        let length = 0;
        for await (const chunk of decompress(source(), compression, choice, "")) {
          length += chunk.length;
          if (length > 8 << 20) break;
        }
        expect(read).toBeLessThan(20);
      });

      test("gives nothing but the contents or E_BAD_COMPRESSION for damage anywhere", async () => {
        const whole = cases[1]?.bytes ?? Buffer.alloc(0);
        const big = cases[0]?.bytes.subarray(0, 60_000) ?? Buffer.alloc(0);
        await fc.assert(
          fc.asyncProperty(
            fc.boolean(),
            fc.nat(),
            fc.integer({ min: 1, max: 255 }),
            async (small, at, mask) => {
              const bytes = Buffer.from(small ? whole : big);
              bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
              const failed = await inflate(bytes, compression, choice).catch((error: unknown) => error);
              if (!Buffer.isBuffer(failed)) expect(failed).toMatchObject({ code: "E_BAD_COMPRESSION" });
            },
          ),
          { numRuns: 150 },
        );
      });
    });
  }
}

describe("into memory of somebody else's, by the thread that asks", () => {
  const memory: ChunkMemory = { take: () => new Uint8Array(CHUNK_SIZE), giveBack: () => undefined };
  for (const { name, bytes, inflated } of gzipCases()) {
    const sizes = bytes.length < 400 ? [1, 7, 65536] : [1000, 65536, 1 << 24];
    test(`gzip: ${name}`, async () => {
      for (const size of sizes) {
        const out = collect(decompress(chunked(bytes, size), "gzip", "native", "layer 1 (test)", memory));
        if (inflated === undefined) await expectError(out, ...damage("gzip"));
        else expect((await out).equals(inflated)).toBe(true);
      }
    });
  }
});

describe("by another thread, while the chunk before is read", () => {
  const contents = Buffer.alloc(9 * SMALL_CHUNK_SIZE + 5);
  for (let at = 0; at < contents.length; at++) contents[at] = (at >> 12) % 251;
  const stored = gzipSync(contents, { level: 1 });

  test("a chunk stays as it is until the next is asked for, however late that is", async () => {
    const parts: Buffer[] = [];
    for await (const chunk of decompress(chunked(stored, 1000), "gzip", "auto", "")) {
      await Bun.sleep(2);
      parts.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(parts).equals(contents)).toBe(true);
  });

  test("damage further on is told once all before it has been read", async () => {
    const cut = stored.subarray(0, stored.length - 9);
    let length = 0;
    const reading = async () => {
      for await (const chunk of decompress(chunked(cut, 1 << 20), "gzip", "auto", "layer 1 (test)")) {
        await Bun.sleep(2);
        length += chunk.length;
      }
    };
    await expectError(reading(), ...damage("gzip"));
    expect(length).toBe(contents.length - (contents.length % CHUNK_SIZE));
  });

  test("a reader that stops leaves nothing at work", async () => {
    for (let n = 0; n < 40; n++) {
      for await (const chunk of decompress(chunked(stored, 1 << 20), "gzip", "auto", "")) {
        chunk.fill(255);
        break;
      }
      expect((await inflate(stored, "gzip", "auto")).equals(contents)).toBe(true);
    }
  });

  test("contents may end where a chunk does, and members anywhere", async () => {
    const chunk = contents.subarray(0, CHUNK_SIZE);
    const [whole, empty, short] = [gzipSync(chunk), gzipSync(""), gzipSync("short")];
    const zeros = Buffer.alloc(9);
    for (const [ending, length] of [
      [[], 0],
      [[empty], 0],
      [[zeros], 0],
      [[empty, zeros], 0],
      [[short], 5],
      [[whole, empty, short, zeros], CHUNK_SIZE + 5],
      [[short.subarray(0, -1)], undefined],
      [[empty.subarray(0, 5)], undefined],
      [[zeros, short], undefined],
    ] as const) {
      const bytes = Buffer.concat([whole, ...ending]);
      for (const size of [1, 293, whole.length, whole.length + 1, bytes.length]) {
        const inflated = inflate(bytes, "gzip", "auto", size);
        if (length === undefined) await expectError(inflated, ...damage("gzip"));
        else expect((await inflated).length).toBe(CHUNK_SIZE + length);
      }
    }
  });
});

describe("by node:zlib's streams, where the runtime has no more to offer", () => {
  const damaged = (cause: unknown) => badCompression("layer 1 (test)", "gzip", cause);
  const byStream = (bytes: Uint8Array, size: number) =>
    collect(
      throughStream(chunked(bytes, size), createGunzip(), damaged, (rest) => checkZeroPadding(rest, damaged)),
    );

  for (const { name, bytes, inflated } of gzipCases()) {
    const sizes = bytes.length < 400 ? [1, 7, 65536] : [1000, 65536, 1 << 24];
    test(`gzip: ${name}`, async () => {
      for (const size of sizes) {
        if (inflated === undefined) await expectError(byStream(bytes, size), ...damage("gzip"));
        else expect((await byStream(bytes, size)).equals(inflated)).toBe(true);
      }
    });
  }
});

test("this runtime has more to offer", () => {
  expect(CodecHandle.of(createGunzip(), constants.Z_FINISH)).toBeInstanceOf(CodecHandle);
  expect(AsideGunzip.like(createGunzip())).toBeInstanceOf(AsideGunzip);
});

test("a stream that is made differently is told", () => {
  for (const stream of [
    {},
    { _handle: {} },
    { _handle: { writeSync() {}, close() {}, onerror: undefined } },
  ]) {
    expect(CodecHandle.of(stream as Gunzip, constants.Z_FINISH)).toBeUndefined();
    expect(AsideGunzip.like(stream as Gunzip)).toBeUndefined();
  }
});

test("both gunzips agree on gzip data damaged in one bit or cut anywhere", async () => {
  const whole = Buffer.concat([
    gzipSync("first ".repeat(30)),
    gzipSync(""),
    gzipSync("second"),
    Buffer.alloc(3),
  ]);
  const outcome = (bytes: Buffer, choice: InflateChoice) =>
    inflate(bytes, "gzip", choice, 11).then(String, (error: unknown) => String(error));
  for (let cut = 0; cut <= whole.length; cut++) {
    const bytes = whole.subarray(0, cut);
    expect([cut, await outcome(bytes, "fflate")]).toEqual([cut, await outcome(bytes, "native")]);
  }
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect([bit, await outcome(bytes, "fflate")]).toEqual([bit, await outcome(bytes, "native")]);
  }
});

/** Run by Node: inflates the corpus and prints what came of it. */
const RUNNER = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { decompress } from "./dist/layer/decompress.js";
import { CodecHandle } from "./dist/inflate/codec-handle.js";
if (CodecHandle.of(createGunzip(), 4) === undefined) throw new Error("the codec's handle is not found");
const outcomes = [];
for (const { compression, choice, bytes } of JSON.parse(readFileSync("corpus.json", "utf8"))) {
  const source = (async function* () {
    const whole = Buffer.from(bytes, "base64");
    for (let at = 0; at < whole.length; at += 65536) yield whole.subarray(at, at + 65536);
  })();
  try {
    const hash = createHash("sha256");
    for await (const chunk of decompress(source, compression, choice, "layer 1 (test)")) hash.update(chunk);
    outcomes.push(hash.digest("hex"));
  } catch (error) {
    outcomes.push(error.code + " " + error.message);
  }
}
console.log(JSON.stringify(outcomes));
`;

testWith(["node"], "Node makes the same of the whole corpus as Bun", async () => {
  const root = join(import.meta.dir, "../..");
  await Bun.build({
    entrypoints: ["layer/decompress.ts", "inflate/codec-handle.ts"].map((name) => join(root, "src", name)),
    root: join(root, "src"),
    outdir: join(folder, "dist"),
    target: "node",
    packages: "external",
    splitting: true,
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const jobs = CORPUS.flatMap(([compression, cases]) =>
    cases.flatMap((one) => ["auto", "fflate"].map((choice) => ({ compression, choice, one }))),
  );
  const corpus = jobs.map(({ one, ...job }) => ({ ...job, bytes: one.bytes.toString("base64") }));
  writeFileSync(join(folder, "corpus.json"), JSON.stringify(corpus));
  writeFileSync(join(folder, "runner.mjs"), RUNNER);
  const outcomes: unknown = JSON.parse(runOk("node", ["runner.mjs"], { cwd: folder }));
  const expected = jobs.map(({ compression, one }) =>
    one.inflated === undefined
      ? damage(compression).join(" ")
      : createHash("sha256").update(one.inflated).digest("hex"),
  );
  expect(outcomes).toEqual(expected);
});
