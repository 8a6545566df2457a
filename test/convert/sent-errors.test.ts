/** Errors on their way between threads: what is said of them, and what programs ask them for, comes through. */
import { afterAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { DamagedFileError } from "../../src/cache/checked-file.ts";
import { errorText } from "../../src/cli/error-report.ts";
import { WorkerPool } from "../../src/convert/workers/pool.ts";
import { received, sendable } from "../../src/convert/workers/protocol.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { readLayer } from "../../src/layer/layer-stream.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import { readPlace } from "../../src/source/folder-store.ts";
import type { LayerBlob } from "../../src/source/source.ts";
import { inputError } from "../../src/source/system-errors.ts";
import { noise } from "../registry/support.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const pool = new WorkerPool(2, [], pathToFileURL(join(REPOSITORY, "src/convert/workers/worker.ts")));
afterAll(() => pool.close());

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing failed");
}

/** As it comes out on the other side. */
const sent = (error: unknown): Error => received(structuredClone(sendable(error)));

/** All that is told of an error, and of those below it. */
function told(error: unknown): string {
  const outside = new Docker2vmError("E_IO", "outside", { cause: error });
  outside.stack = "";
  return errorText(outside, true, (_, text) => text);
}

describe("an error that is sent", () => {
  const absent = thrownBy(() => openSync("/nowhere/nothing", "r"));
  const wrapped = new Docker2vmError("E_NETWORK", "it broke off", {
    hint: "try again",
    output: ["what the program", "said last"],
    cause: new AggregateError([absent, new TypeError("both")], "all of them", {
      cause: new RangeError("deep"),
    }),
  });

  test("is the system's still, with its code", () => {
    const full = thrownBy(() => {
      const fd = openSync("/dev/full", "w");
      try {
        writeSync(fd, "x");
      } finally {
        closeSync(fd);
      }
    });
    for (const error of [absent, full]) {
      expect(Object.fromEntries(Object.entries(sent(error)))).toMatchObject({ ...(error as object) });
      expect(inputError(sent(error), "it")).toEqual(inputError(error, "it"));
    }
    expect(sent(absent)).toMatchObject({ code: "ENOENT", syscall: "open", path: "/nowhere/nothing" });
    expect(sent(full)).toMatchObject({ code: "ENOSPC" });
  });

  test("is told as before, down to the first cause", () => {
    for (const error of [wrapped, absent, new DamagedFileError("it ends early"), new SyntaxError("here")]) {
      expect(told(sent(error))).toBe(told(error));
    }
    expect(sent(wrapped)).toMatchObject({ code: "E_NETWORK", hint: "try again", output: wrapped.output });
  });

  test("of several has them all", () => {
    const { cause } = sent(wrapped);
    expect(cause).toBeInstanceOf(AggregateError);
    const { errors } = cause as AggregateError;
    expect(errors.map(String)).toEqual([String(absent), "TypeError: both"]);
    expect(errors[0]).toMatchObject({ code: "ENOENT" });
  });

  test("ends where its causes come round", () => {
    const one = new Error("one");
    one.cause = new Error("other", { cause: one });
    expect(told(sent(one))).toBe(told(one));
    const all = new AggregateError([], "all");
    all.errors.push(all, one);
    expect((sent(all) as AggregateError).errors.map(String)).toEqual(["Error: one"]);
  });
});

describe("a layer whose bytes end with an error", () => {
  class Failing extends Error {}
  const stored = gzipSync(tar([{ path: "f", data: noise(3_000_000, 1) }]));

  const blobOf = (error: unknown): LayerBlob => ({
    index: 0,
    digest: sha256Of(stored),
    diffId: sha256Of(stored),
    size: stored.length,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    checked: false,
    async *open() {
      yield stored.subarray(0, 1_000_000);
      throw error;
    },
  });

  async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const _ of chunks);
  }

  test("fails with that very one, with threads as without", async () => {
    for (const error of [new Failing("here"), new Docker2vmError("E_NETWORK", "there"), "a text"]) {
      for (const read of [readLayer, pool.read.bind(pool)]) {
        const failed: Promise<unknown> = read(blobOf(error), { inflate: "auto" }, drain);
        expect(await failed.catch((thrown: unknown) => thrown)).toBe(error);
      }
    }
  });

  test("in a file, fails as without threads", async () => {
    const path = scratch("stored");
    writeFileSync(path, stored);
    // Reading it fails.
    const fd = openSync(path, "a");
    const place = { fd, offset: 0, size: stored.length, where: path };
    const { open: _, ...rest } = blobOf(undefined);
    async function* open(): AsyncGenerator<Uint8Array> {
      yield* readPlace(place);
    }
    const blob: LayerBlob = { ...rest, place, open };
    const failed = async (read: typeof readLayer | typeof pool.read): Promise<unknown> =>
      read(blob, { inflate: "auto" }, drain).catch((error: unknown) => error);
    const alone = await failed(readLayer);
    expect(alone).toMatchObject({ code: "E_IO", cause: { code: "EBADF" } });
    const remote = await failed(pool.read.bind(pool));
    closeSync(fd);
    expect(remote).toMatchObject({ code: "E_IO", cause: { code: "EBADF" } });
    expect(remote).toMatchObject({ ...(alone as object) });
  });
});
