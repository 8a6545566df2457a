import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSource } from "../../src/source/open.ts";
import { expectError } from "../support/expect-error.ts";
import { sha256 } from "../support/layout-builder.ts";
import { unread } from "../support/unread.ts";
import {
  AMD64,
  entriesOf,
  inFolder,
  LAYERS,
  readLayers,
  savedImage,
  simpleLayout,
  tarOf,
  withSource,
} from "./support.ts";

const stdin = (bytes: AsyncIterable<Uint8Array>) => ({ kind: "stdin", bytes }) as const;

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

/** All in the same memory, one after another. */
async function* lent(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(length);
  for await (const piece of inPieces(bytes, length)) {
    memory.fill(0xff);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
  }
}

async function layoutTar(folder: string) {
  const layout = join(folder, "layout");
  const built = simpleLayout(layout);
  return { built, tar: await tarOf(entriesOf(layout)) };
}

describe("standard input", () => {
  test("holds an OCI archive, and leaves nothing behind", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      const told: number[] = [];
      const source = await openSource(stdin(inPieces(tar, 1000)), {
        scratchFolder: folder,
        onSpool: (bytes) => told.push(bytes),
      });
      const image = await source.resolve(AMD64);
      expect((await readLayers(image)).map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
      expect(source.origin).toEqual({ kind: "stdin", reference: "-" });
      await source.close();
      expect(readdirSync(folder)).toEqual(["layout"]);
      expect(told.at(-1)).toBe(tar.length);
    }));

  test("holds a docker-archive, its list behind its layers", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1");
      const tar = await tarOf([...entries, ["manifest.json", Buffer.from(JSON.stringify([image]))]]);
      await withSource(stdin(inPieces(tar, 1 << 16)), folder, async (source) =>
        expect(await readLayers(await source.resolve(AMD64))).toEqual([...LAYERS]),
      );
    }));

  test("may be compressed, and come byte by byte", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      await withSource(stdin(inPieces(gzipSync(tar), 1)), folder, async (source) =>
        expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest),
      );
    }));

  for (const compressed of [false, true]) {
    test(`may come in chunks that are lent, ${compressed ? "compressed" : "as it is"}`, () =>
      inFolder(async (folder) => {
        const { built, tar } = await layoutTar(folder);
        const bytes = compressed ? gzipSync(tar) : tar;
        const spec = { kind: "stdin", bytes: lent(bytes, 100), areLent: true } as const;
        await withSource(spec, folder, async (source) => {
          const image = await source.resolve(AMD64);
          expect((await readLayers(image)).map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
        });
      }));
  }

  test("that is a file is read by position, and kept nowhere", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      const file = join(folder, "image.tar");
      writeFileSync(file, tar);
      const kept: number[] = [];
      const options = {
        scratchFolder: join(folder, "nowhere"),
        onSpool: (bytes: number) => kept.push(bytes),
      };
      const source = await openSource({ kind: "stdin", bytes: unread(), file }, options);
      expect(source.origin).toEqual({ kind: "stdin", reference: "-" });
      expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest);
      await source.close();
      expect(kept).toEqual([]);
    }));

  test("that is a compressed file is decompressed first", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      const file = join(folder, "image.tar.gz");
      writeFileSync(file, gzipSync(tar));
      await withSource({ kind: "stdin", bytes: unread(), file }, folder, async (source) =>
        expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest),
      );
    }));

  test("that is a file which cannot be opened again is read as it comes", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      const file = join(folder, "nothing");
      await withSource({ kind: "stdin", bytes: inPieces(tar, 1000), file }, folder, async (source) =>
        expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest),
      );
    }));

  test("that is empty is refused", () =>
    inFolder((folder) =>
      expectError(
        openSource(stdin(inPieces(Buffer.alloc(0), 1)), { scratchFolder: folder }),
        "E_BAD_ARCHIVE",
        "standard input is empty",
        "before the pipe",
      ),
    ));

  test("that is cut off is refused", () =>
    inFolder(async (folder) => {
      const { tar } = await layoutTar(folder);
      await expectError(
        openSource(stdin(inPieces(tar.subarray(0, 900), 100)), { scratchFolder: folder }),
        "E_BAD_ARCHIVE",
        "standard input",
        "cut off",
      );
      expect(readdirSync(folder)).toEqual(["layout"]);
    }));

  test("that fails says so", () =>
    inFolder((folder) => {
      const failing = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from("x".repeat(10));
        throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
      })();
      return expectError(
        openSource(stdin(failing), { scratchFolder: folder }),
        "E_IO",
        "standard input",
        "EIO",
      );
    }));

  test("that stays silent is left when the signal is aborted", () =>
    inFolder(async (folder) => {
      const silent = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]);
        await new Promise(() => undefined);
      })();
      const controller = new AbortController();
      const opening = openSource(stdin(silent), { scratchFolder: folder, signal: controller.signal });
      const reason = new Error("interrupted");
      setTimeout(() => controller.abort(reason), 10);
      expect(await opening.catch((error: unknown) => error)).toBe(reason);
      expect(readdirSync(folder)).toEqual([]);
    }));

  test("cannot be kept in a scratch folder that is not there", () =>
    expectError(
      openSource(stdin(inPieces(Buffer.from("x"), 1)), { scratchFolder: "/nonexistent/scratch" }),
      "E_IO",
      "/nonexistent/scratch",
    ));
});

describe("a stream of the caller's", () => {
  test("may be bytes that are all here, and has a name of its own", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      for (const bytes of [tar, new Uint8Array(gzipSync(tar)), inPieces(tar, 1 << 16)]) {
        await withSource({ kind: "stream", bytes, name: "the build" }, folder, async (source) => {
          expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest);
          expect(source.origin).toEqual({ kind: "stream", reference: "the build" });
        });
      }
    }));

  test("that is no archive is refused by its name", () =>
    inFolder(async (folder) => {
      const bytes = Buffer.alloc(0);
      const opening = (name?: string) =>
        openSource({ kind: "stream", bytes, name }, { scratchFolder: folder });
      await expectError(opening("the build"), "E_BAD_ARCHIVE", "the build is empty");
      await expectError(opening(), "E_BAD_ARCHIVE", "the stream is empty");
    }));
});
