import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { getEventListeners } from "node:events";
import { gzipSync } from "node:zlib";
import { Docker2vmError } from "../../src/errors.ts";
import {
  type LayerBlob,
  type LayerStreamOptions,
  layerName,
  readLayer,
} from "../../src/layer/layer-stream.ts";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";
import { expectError } from "../support/expect-error.ts";
import { run, testWith } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { chunked, collect, entriesOf, failureOf } from "./support.ts";

const digestOf = (bytes: Uint8Array, algorithm = "sha256"): Digest =>
  parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`, "test");

/** Contents that do not compress, so that damage and cuts fall where they are meant to. */
const NOISE = noise(200_000);
const TAR = tar([
  { path: "a", data: "first" },
  { path: "b", data: NOISE },
]);
const GZIP = gzipSync(TAR);
/** More than is inflated before any of it is read. */
const MORE = tar([{ path: "a", data: Buffer.concat([NOISE, NOISE, NOISE, NOISE]) }]);
const GZIP_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Bytes that look like chance, and are always the same. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

interface Watched extends LayerBlob {
  /** Stored bytes given out. */
  read: number;
  closed: number;
}

function blobOf(stored: Uint8Array, changes: Partial<LayerBlob> = {}, served: Uint8Array = stored): Watched {
  const blob: Watched = {
    index: 1,
    digest: digestOf(stored),
    size: stored.length,
    diffId: digestOf(TAR),
    mediaType: GZIP_TYPE,
    checked: false,
    read: 0,
    closed: 0,
    async *open() {
      try {
        for await (const chunk of chunked(served, 10_000)) {
          blob.read += chunk.length;
          yield chunk;
        }
      } finally {
        blob.closed++;
      }
    },
    ...changes,
  };
  return blob;
}

const read = (blob: LayerBlob, options: Partial<LayerStreamOptions> = {}) =>
  readLayer(blob, { inflate: "auto", ...options }, collect);

async function readOne(tar: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of tar) break;
}

function damaged(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

describe("a layer's tar", () => {
  const zstd = Buffer.from(Bun.zstdCompressSync(TAR));
  const skippable = Buffer.concat([Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3), zstd]);

  for (const inflate of ["native", "fflate", "auto"] as const) {
    test.each([
      ["gzip", GZIP],
      ["zstd", zstd],
      ["zstd after a skippable frame", skippable],
      ["nothing", TAR],
    ])(`comes whole out of %s (inflater ${inflate})`, async (_, stored) => {
      const blob = blobOf(stored);
      expect((await read(blob, { inflate })).equals(TAR)).toBe(true);
      expect([blob.read, blob.closed]).toEqual([stored.length, 1]);
    });
  }

  test("is checked by the algorithms the digests name", async () => {
    const blob = blobOf(GZIP, { digest: digestOf(GZIP, "sha512"), diffId: digestOf(TAR, "sha512") });
    expect((await read(blob)).length).toBe(TAR.length);
    await expectError(read({ ...blob, diffId: digestOf(GZIP, "sha512") }), "E_DIFF_ID_MISMATCH", "sha512:");
  });

  test("needs no digest of the stored bytes where the image names none", async () => {
    expect((await read(blobOf(GZIP, { digest: undefined }))).equals(TAR)).toBe(true);
    const wrong = blobOf(GZIP, { digest: undefined, diffId: digestOf(GZIP) });
    await expectError(read(wrong), "E_DIFF_ID_MISMATCH", "layer 2 (sha256:");
  });

  test("may be empty", async () => {
    const nothing = Buffer.alloc(0);
    expect(await read(blobOf(nothing, { diffId: digestOf(nothing) }))).toHaveLength(0);
  });

  test("includes bytes after its end", async () => {
    const long = Buffer.concat([TAR, Buffer.from("signature")]);
    const blob = blobOf(gzipSync(long), { diffId: digestOf(long) });
    expect((await read(blob)).equals(long)).toBe(true);
  });

  test("tells the stored bytes as they are read", async () => {
    let stored = 0;
    await read(blobOf(GZIP), { onStored: (bytes) => (stored += bytes) });
    expect(stored).toBe(GZIP.length);
  });

  test("is told in chunks of any size", async () => {
    for (const size of [1, 3, 100]) {
      const small = gzipSync(tar([{ path: "a" }]));
      const blob = blobOf(small, {
        diffId: digestOf(tar([{ path: "a" }])),
        open: () => chunked(small, size),
      });
      expect(await read(blob)).toHaveLength(1536);
    }
  });
});

describe("a media type", () => {
  const warningsOf = async (mediaType: string, stored: Uint8Array) => {
    const warnings: string[] = [];
    await read(blobOf(stored, { mediaType }), { onWarning: (message) => warnings.push(message) });
    return warnings;
  };

  test.each([
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.example",
  ])("%s is believed of gzip data", async (mediaType) => {
    expect(await warningsOf(mediaType, GZIP)).toEqual([]);
  });

  test.each([
    ["application/vnd.oci.image.layer.v1.tar+zstd", GZIP, "gzip"],
    ["application/vnd.oci.image.layer.v1.tar", GZIP, "gzip"],
    ["application/vnd.docker.image.rootfs.diff.tar.gzip", TAR, "not compressed"],
  ])("%s that is wrong is warned of, the bytes believed", async (mediaType, stored, found) => {
    expect(await warningsOf(mediaType, stored)).toEqual([expect.stringContaining(found)]);
  });
});

describe("a damaged blob", () => {
  const expectCause = async (attempt: Promise<unknown>, code: string) => {
    expect(((await failureOf(attempt)) as Error).cause).toMatchObject({ code });
  };

  test("is told by its digest, the codec's complaint being the cause", async () => {
    for (const at of [3, 1000, GZIP.length >> 1, GZIP.length - 5]) {
      const blob = () => blobOf(GZIP, {}, damaged(GZIP, at));
      await expectError(read(blob()), "E_DIGEST_MISMATCH", layerName(blob()), blob().digest ?? "");
      await expectCause(read(blob()), "E_BAD_COMPRESSION");
    }
  });

  test("that is not compressed is told by its digest", async () => {
    await expectError(read(blobOf(TAR, { diffId: digestOf(GZIP) }, damaged(TAR, 5000))), "E_DIGEST_MISMATCH");
    await expectError(read(blobOf(TAR, {}, damaged(TAR, 5000))), "E_DIGEST_MISMATCH");
  });

  test("that is cut short is told by its size", async () => {
    for (const length of [0, 3, 5000, GZIP.length - 1]) {
      const blob = () => blobOf(GZIP, {}, GZIP.subarray(0, length));
      await expectError(read(blob()), "E_SIZE_MISMATCH", `${GZIP.length} bytes`, `only ${length}`);
    }
  });

  test("that is too long is read no further than that shows", async () => {
    const blob = blobOf(GZIP, {
      async *open() {
        yield Uint8Array.from(GZIP);
        for (;;) {
          blob.read += 1000;
          yield new Uint8Array(1000);
        }
      },
    });
    await expectError(read(blob), "E_SIZE_MISMATCH", "more");
    expect(blob.read).toBe(1000);
  });

  test("whose digest holds was compressed wrongly", async () => {
    const bad = damaged(GZIP, GZIP.length >> 1);
    await expectError(read(blobOf(bad)), "E_BAD_COMPRESSION", "layer 2 (sha256:", "gzip");
    const cut = GZIP.subarray(0, GZIP.length - 9);
    await expectError(read(blobOf(cut)), "E_BAD_COMPRESSION", "cut short");
  });

  test("whose tar is another than the config's says so at its end", async () => {
    const diffId = digestOf(Buffer.from("another"));
    await expectError(read(blobOf(GZIP, { diffId })), "E_DIFF_ID_MISMATCH", digestOf(TAR), diffId);
    await expectError(read(blobOf(TAR, { diffId })), "E_DIFF_ID_MISMATCH", digestOf(TAR), diffId);
  });
});

test("the contents do not compress", () => {
  expect(GZIP.length).toBeGreaterThan(NOISE.length);
});

describe("reading a layer", () => {
  const unpack = async (chunks: AsyncIterable<Uint8Array>) => {
    const paths: string[] = [];
    for await (const { path } of entriesOf(chunks, { layer: "layer 2" })) paths.push(path);
    return paths;
  };
  const readAs = (
    blob: LayerBlob,
    use: (chunks: AsyncIterable<Uint8Array>) => Promise<unknown>,
    options = {},
  ) => readLayer(blob, { inflate: "auto", ...options }, use);

  test("gives what the reader makes of it", async () => {
    expect(await readAs(blobOf(GZIP), unpack)).toEqual(["a", "b"]);
  });

  for (const [name, pack] of [
    ["gzip", gzipSync],
    ["plain", (bytes: Uint8Array) => bytes],
  ] as const) {
    const broken = Buffer.concat([tar([{ path: "a" }]).subarray(0, 512), Buffer.alloc(512, "x"), NOISE]);
    const stored = pack(broken);
    const changes = { diffId: digestOf(broken) };

    test(`fails with the reader's error when the blob is whole (${name})`, async () => {
      const blob = blobOf(stored, changes);
      await expectError(readAs(blob, unpack), "E_BAD_LAYER", "at byte 512");
      expect([blob.read, blob.closed]).toEqual([stored.length, 1]);
    });

    test(`fails with the blob's damage when that is behind the reader's error (${name})`, async () => {
      const blob = () => blobOf(stored, changes, damaged(stored, stored.length - 500));
      await expectError(readAs(blob(), unpack), "E_DIGEST_MISMATCH", "layer 2 (");
      const { cause } = (await failureOf(readAs(blob(), unpack))) as { cause: Docker2vmError };
      // A codec may come upon the damage before the reader has seen anything.
      expect(name === "plain" ? ["E_BAD_LAYER"] : ["E_BAD_LAYER", "E_BAD_COMPRESSION"]).toContain(cause.code);
      const cut = blobOf(stored, changes, stored.subarray(0, stored.length - 5000));
      await expectError(readAs(cut, unpack), "E_SIZE_MISMATCH");
    });
  }

  test("is not done when the reader stops early: nothing would be checked", async () => {
    const failing = readAs(blobOf(TAR), async (chunks) => {
      for await (const _ of chunks) break;
    });
    await expectError(failing, "E_INTERNAL", "not read to its end");
  });

  test("fails at once with an error that does not blame the image", async () => {
    const full = new Docker2vmError("E_NO_SPACE", "the disk is full");
    const blob = blobOf(TAR);
    const failing = readAs(blob, async (chunks) => {
      for await (const _ of chunks) throw full;
    });
    expect(await failureOf(failing)).toBe(full);
    expect([blob.read, blob.closed]).toEqual([10_000, 1]);
  });

  for (const [name, stored] of [
    ["plain", MORE],
    ["gzip", gzipSync(MORE, { level: 0 })],
  ] as const) {
    test(`asks for no more when the reader fails, and has the source close first (${name})`, async () => {
      const blob = blobOf(stored, {
        async *open() {
          try {
            for await (const chunk of chunked(stored, 10_000)) {
              blob.read += chunk.length;
              yield chunk;
            }
          } finally {
            await Bun.sleep(10);
            blob.closed++;
          }
        },
      });
      const own = new Error("the reader's own");
      let read = 0;
      const failing = readAs(blob, async (chunks) => {
        for await (const _ of chunks) {
          read = blob.read;
          throw own;
        }
      });
      expect(await failureOf(failing)).toBe(own);
      expect([blob.read, blob.closed]).toEqual([read, 1]);
    });
  }

  test("fails with the reader's error whatever the source makes of it", async () => {
    const own = new Error("the reader's own");
    const blob = blobOf(TAR, {
      async *open() {
        try {
          yield Uint8Array.from(TAR.subarray(0, 1000));
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: it is what is tested
          throw new Docker2vmError("E_IO", "it does not close");
        }
      },
    });
    const failing = readAs(blob, async (chunks) => {
      for await (const _ of chunks) throw own;
    });
    expect(await failureOf(failing)).toBe(own);
  });

  test("waits for no more of a source that hangs when the error does not blame the image", async () => {
    const stored = gzipSync(MORE, { level: 0 });
    let signal: AbortSignal | undefined;
    let hangs: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      hangs = resolve;
    });
    const blob = blobOf(stored, {
      diffId: digestOf(MORE),
      async *open(given?: AbortSignal) {
        signal = given;
        // One chunk, and not all of the next.
        yield Buffer.from(stored.subarray(0, 400_000));
        hangs();
        await new Promise(() => undefined);
      },
    });
    const own = new Error("the reader's own");
    const failure = failureOf(
      readLayer(blob, { inflate: "native" }, async (tar) => {
        for await (const _ of tar) {
          await hanging;
          throw own;
        }
      }),
    );
    expect(await failure).toBe(own);
    expect(signal?.reason).toBe(own);
  });

  test("fails with the reader's error when the source fails on the way to the end", async () => {
    const blob = blobOf(TAR, {
      async *open() {
        yield Uint8Array.from(TAR.subarray(0, 1000));
        throw new Docker2vmError("E_IO", "the network");
      },
    });
    const failing = readAs(blob, async (chunks) => {
      for await (const _ of chunks) throw new Docker2vmError("E_BAD_LAYER", "the tar");
    });
    await expectError(failing, "E_BAD_LAYER", "the tar");
  });

  test("fails with the source's error when that comes first", async () => {
    const own = new Docker2vmError("E_IO", "the network");
    for (const stored of [TAR, GZIP]) {
      const blob = blobOf(stored, {
        async *open() {
          yield Uint8Array.from(stored.subarray(0, 1000));
          throw own;
        },
      });
      expect(await failureOf(readAs(blob, unpack))).toBe(own);
    }
  });
});

describe("an abort", () => {
  const reason = new Docker2vmError("E_INTERRUPTED", "stopped");

  test("before the start opens nothing to its end", async () => {
    const blob = blobOf(GZIP);
    expect(await failureOf(read(blob, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(blob.read).toBe(0);
  });

  for (const stored of [TAR, GZIP]) {
    const name = stored === TAR ? "plain" : "gzip";

    test(`ends the layer while its source hangs (${name})`, async () => {
      const abort = new AbortController();
      const blob = blobOf(stored, {
        async *open() {
          yield Uint8Array.from(stored.subarray(0, 50_000));
          setTimeout(() => abort.abort(reason), 5);
          await new Promise(() => {});
        },
      });
      expect(await failureOf(read(blob, { signal: abort.signal }))).toBe(reason);
      expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
    });

    test(`ends the layer between chunks (${name})`, async () => {
      const abort = new AbortController();
      const chunks: number[] = [];
      const blob = blobOf(stored);
      const reading = (async () => {
        await readLayer(blob, { inflate: "fflate", signal: abort.signal }, async (tar) => {
          for await (const chunk of tar) {
            chunks.push(chunk.length);
            abort.abort(reason);
          }
        });
      })();
      expect(await failureOf(reading)).toBe(reason);
      expect(chunks).toHaveLength(1);
      expect(blob.closed).toBe(1);
    });
  }

  test("that never comes leaves no listener behind", async () => {
    const { signal } = new AbortController();
    await read(blobOf(GZIP), { signal });
    await failureOf(readLayer(blobOf(GZIP), { inflate: "auto", signal }, readOne));
    await failureOf(read(blobOf(GZIP, {}, damaged(GZIP, 20)), { signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("is not needed to stop: a reader that leaves closes the source", async () => {
    const blob = blobOf(TAR);
    await failureOf(readLayer(blob, { inflate: "auto" }, readOne));
    expect([blob.read, blob.closed]).toEqual([10_000, 1]);
  });
});

describe("a layer in a compression that is none of images'", () => {
  for (const program of ["xz", "bzip2"] as const) {
    for (const [what, content] of [
      ["", TAR],
      [", and empty,", Buffer.of()],
    ] as const) {
      testWith([program], `${program}${what} is refused by its name, whatever its type says`, async () => {
        const stored = run(program, ["-c"], { input: content, encoding: "latin1" }).stdout;
        const blob = blobOf(Buffer.from(stored, "latin1"));
        await expectError(
          read(blob),
          "E_UNSUPPORTED",
          "layer 2",
          `compressed with ${program}`,
          "skopeo copy --dest-compress-format gzip",
        );
        expect(blob.closed).toBe(1);
      });
    }
  }

  testWith(["xz"], "xz is told only if the bytes are those that were asked for", async () => {
    const stored = Buffer.from(run("xz", ["-c"], { input: TAR, encoding: "latin1" }).stdout, "latin1");
    const other = Buffer.from(stored);
    other[stored.length - 1] = 0;
    await expectError(read(blobOf(stored, {}, other)), "E_DIGEST_MISMATCH");
  });

  test("is not told by a few letters: a file may be called as bzip2's begin", async () => {
    const named = tar([{ path: "BZh91A", data: "first" }]);
    const blob = blobOf(named, { diffId: digestOf(named) });
    expect((await read(blob)).equals(named)).toBe(true);
  });
});
