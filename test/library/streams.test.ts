/** Web streams on either side of a conversion: archives that come, images that go, in order and at the reader's pace. */
import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { convert } from "../../src/convert/convert.ts";
import { type ConvertIntoOptions, convertInto } from "../../src/convert/convert-into.ts";
import { convertToStream } from "../../src/convert/convert-to-stream.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { scratchName } from "../../src/scratch/names.ts";
import { noise } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;
const PLATFORM = "linux/amd64";

function layout(): string {
  const layers = [[{ path: "a", data: noise(3 * MIB, 1) }], [{ path: "b", data: noise(2 * MIB, 2) }]];
  buildLayout(scratch("image"), { layers: layers.map((items) => tar(items)) });
  return scratch("image");
}

/** A folder for what is kept meanwhile: empty again when a test is over. */
function meanwhile(): string {
  mkdirSync(scratch("meanwhile"), { recursive: true });
  return scratch("meanwhile");
}

afterEach(() => {
  expect(readdirSync(meanwhile())).toEqual([]);
});

const options = () => ({ source: `oci:${layout()}`, platform: PLATFORM, scratchFolder: meanwhile() });

describe("a stream for the image", () => {
  test("gets the bytes that a folder would, from the first to the last, and is closed", async () => {
    const hash = createHash("sha256");
    let closed = false;
    const stream = new WritableStream<Uint8Array>({
      write: (chunk) => void hash.update(chunk),
      close: () => {
        closed = true;
      },
    });
    const told = await convertToStream(stream, { ...options(), digest: true });
    const made = await convert({ source: `oci:${layout()}`, platform: PLATFORM, out: scratch("out") });
    const digest = hash.digest("hex");
    expect(digest).toBe(createHash("sha256").update(readFileSync(made.rootfsPath)).digest("hex"));
    expect(told.metadata).toEqual({ ...made.metadata, rootfsDigest: `sha256:${digest}` as never });
    expect(told.apparentBytes).toBe(made.apparentBytes);
    expect(closed).toBe(true);
    expect(stream.locked).toBe(false);
  });

  test("is made in a file that no other user reads", async () => {
    let modes: readonly number[] = [];
    const look = () => {
      modes = readdirSync(meanwhile()).map((name) => statSync(join(meanwhile(), name)).mode & 0o777);
    };
    await convertToStream(new WritableStream({ write: look }), options());
    expect(modes).toEqual([0o600]);
  });

  test("has one chunk to take at a time, which is its own to keep", async () => {
    const kept: Uint8Array[] = [];
    let [busy, most] = [0, 0];
    const stream = new WritableStream<Uint8Array>(
      {
        write: async (chunk) => {
          most = Math.max(most, ++busy);
          kept.push(chunk);
          await Bun.sleep(1);
          busy--;
        },
      },
      new CountQueuingStrategy({ highWaterMark: 100 }),
    );
    const target = new MemoryTarget();
    const { scratchFolder: _, ...same } = options();
    await convertToStream(stream, options());
    await convertInto(target, same);
    expect(most).toBe(1);
    expect(Math.max(...kept.map(({ length }) => length))).toBe(MIB);
    expect(Buffer.concat(kept).equals(target.bytes)).toBe(true);
  });

  test("that fails ends the conversion with just that, and is left at once", async () => {
    const thrown = new Error("no more");
    let chunks = 0;
    const stream = new WritableStream<Uint8Array>({
      write: () => {
        if (++chunks === 3) throw thrown;
      },
    });
    expect(await convertToStream(stream, options()).catch((error: unknown) => error)).toBe(thrown);
    expect(chunks).toBe(3);
  });

  test("that fails before a byte is written ends the conversion at once", async () => {
    const thrown = new Error("the reader is gone");
    let fail: (error: unknown) => void = () => undefined;
    const stream = new WritableStream<Uint8Array>({
      start: (controller) => {
        fail = (error) => controller.error(error);
      },
    });
    const told: string[] = [];
    const failed = convertToStream(stream, {
      ...options(),
      onProgress: ({ type }) => {
        told.push(type);
        if (type === "resolved") fail(thrown);
      },
    });
    expect(await failed.catch((error: unknown) => error)).toBe(thrown);
    expect(told).not.toContain("filesystem");
  });

  test("that is stuck does not hold up a signal, and hears of it", async () => {
    const stop = new AbortController();
    const heard = Promise.withResolvers<unknown>();
    const stream = new WritableStream<Uint8Array>({
      write: (_, controller) => {
        const { signal } = controller as unknown as { readonly signal: AbortSignal };
        signal.addEventListener("abort", () => heard.resolve(signal.reason));
        queueMicrotask(() => stop.abort());
        return new Promise(() => undefined);
      },
    });
    const failed = convertToStream(stream, { ...options(), signal: stop.signal });
    await expectError(failed, "E_INTERRUPTED");
    expect(await heard.promise).toBe(await failed.catch((error: unknown) => error));
  });

  test("is aborted with what is wrong with the image, and has had no byte of it", async () => {
    const chunks: Uint8Array[] = [];
    const aborted = Promise.withResolvers<unknown>();
    const stream = new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(chunk),
      abort: (reason) => aborted.resolve(reason),
    });
    const failed = convertToStream(stream, { ...options(), filesystem: { size: 4 * MIB } });
    await expectError(failed, "E_SIZE_TOO_SMALL");
    expect(await aborted.promise).toBe(await failed.catch((error: unknown) => error));
    expect(chunks).toEqual([]);
  });

  test("hears also of options that make no sense", async () => {
    const aborted = Promise.withResolvers<unknown>();
    const stream = new WritableStream<Uint8Array>({ abort: (reason) => aborted.resolve(reason) });
    await expectError(
      convertToStream(stream, { ...options(), filesystem: { label: "x".repeat(17) } }),
      "E_USAGE",
    );
    await expectError(Promise.reject(await aborted.promise), "E_USAGE", "17 bytes");
  });

  test("that somebody else writes to is refused before any work", async () => {
    const stream = new WritableStream<Uint8Array>();
    stream.getWriter();
    await expectError(convertToStream(stream, { source: "oci:/nowhere" }), "E_USAGE", "has a writer");
  });

  test("is refused if it is closed or none of the web's", async () => {
    const closed = new WritableStream<Uint8Array>();
    await closed.close();
    await expectError(convertToStream(closed, options()), "E_USAGE", "is closed", "nothing was written");
    const nodes = new Writable() as unknown as WritableStream<Uint8Array>;
    await expectError(convertToStream(nodes, options()), "E_USAGE", "no WritableStream", "Writable.toWeb");
  });

  test("is told where its image would be kept, and how to have that elsewhere", async () => {
    const failed = convertToStream(new WritableStream(), { ...options(), scratchFolder: scratch("none") });
    await expectError(failed, "E_IO", `cannot be kept in ${scratch("none")}`, "scratchFolder names another");
  });

  test("takes away what a killed process has left in the folder, and nobody else's", async () => {
    const dead = scratchName().replace(/-\d+-\d+-/, "-999999999-1-");
    const [gone, living] = [`.docker2vm-image-${dead}`, `.docker2vm-image-${scratchName()}`];
    for (const name of [gone, living]) writeFileSync(join(meanwhile(), name), "");
    await convertToStream(new WritableStream(), options());
    expect(readdirSync(meanwhile())).toEqual([living]);
    await Bun.file(join(meanwhile(), living)).delete();
  });
});

describe("a stream with an archive", () => {
  const streamOf = (bytes: Uint8Array, cancel?: () => void) => {
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (at < bytes.length) controller.enqueue(bytes.slice(at, at + 100_000));
        else controller.close();
        at += 100_000;
      },
      ...(cancel === undefined ? {} : { cancel }),
    });
  };

  test("of an image is a source, and so is one with a tar of files", async () => {
    const bytes = await tarOf(entriesOf(layout()));
    const target = new MemoryTarget();
    const spec = { kind: "stream", bytes: streamOf(bytes) } as const;
    const { metadata } = await convertInto(target, { source: spec, platform: PLATFORM });
    expect(metadata.layers).toHaveLength(2);
    const files = { kind: "rootfs-tar", bytes: streamOf(tar([{ path: "a", data: "b" }])) } as const;
    expect((await convertInto(new MemoryTarget(), { source: files })).metadata.source.kind).toBe(
      "rootfs-tar",
    );
  });

  test("that is not wanted to its end is cancelled", async () => {
    const bytes = await tarOf(entriesOf(layout()));
    const cancelled = Promise.withResolvers<void>();
    const source = { kind: "stream", bytes: streamOf(bytes, () => cancelled.resolve()) } as const;
    const failed = convertInto(new MemoryTarget(), {
      source,
      platform: PLATFORM,
      limits: { bytes: 2 * MIB },
    });
    await expectError(failed, "E_LIMIT");
    await cancelled.promise;
  });

  test("of texts is refused for what it is", () => {
    const texts = new ReadableStream<string>({ start: (controller) => controller.enqueue("text") });
    const bytes = texts as unknown as ReadableStream<Uint8Array>;
    return expectError(
      convertInto(new MemoryTarget(), { source: { kind: "stream", bytes } }),
      "E_USAGE",
      "no Uint8Array (string)",
    );
  });

  test("that fails before it is read is an error of the conversion, and ends no program", async () => {
    const lost = Object.assign(new Error("gone"), { code: "ENOENT" });
    const failing = () => {
      const stream = new Readable({ read: () => undefined });
      process.nextTick(() => stream.destroy(lost));
      return stream;
    };
    const into = (options: Pick<ConvertIntoOptions, "source" | "edits">) =>
      expectError(convertInto(new MemoryTarget(), options), "E_IMAGE_NOT_FOUND");
    await into({ source: { kind: "stream", bytes: failing() } });
    await into({ source: { kind: "rootfs-tar", bytes: failing() } });
    const source = { kind: "rootfs-tar", bytes: tar([{ path: "b", data: "b" }]) } as const;
    await into({ source, edits: [{ type: "add", source: failing(), path: "/a" }] });
  });
});
