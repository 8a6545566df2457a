import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSource } from "../../src/source/open.ts";
import { expectError } from "../support/expect-error.ts";
import { sha256 } from "../support/layout-builder.ts";
import {
  AMD64,
  entriesOf,
  inFolder,
  LAYERS,
  readImage,
  readLayers,
  savedImage,
  simpleLayout,
  tarOf,
  withSource,
} from "./support.ts";

const STDIN = { kind: "stdin" } as const;

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
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
      const source = await openSource(STDIN, {
        scratchFolder: folder,
        stdin: inPieces(tar, 1000),
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
      await withSource(
        STDIN,
        folder,
        async (source) => expect(await readLayers(await source.resolve(AMD64))).toEqual([...LAYERS]),
        inPieces(tar, 1 << 16),
      );
    }));

  test("may be compressed, and come byte by byte", () =>
    inFolder(async (folder) => {
      const { built, tar } = await layoutTar(folder);
      await withSource(
        STDIN,
        folder,
        async (source) =>
          expect<string>((await source.resolve(AMD64)).manifestDigest).toBe(built.manifest.digest),
        inPieces(gzipSync(tar), 1),
      );
    }));

  test("that is empty is refused", () =>
    inFolder((folder) =>
      expectError(
        openSource(STDIN, { scratchFolder: folder, stdin: inPieces(Buffer.alloc(0), 1) }),
        "E_BAD_ARCHIVE",
        "standard input is empty",
        "before the pipe",
      ),
    ));

  test("that is cut off is refused", () =>
    inFolder(async (folder) => {
      const { tar } = await layoutTar(folder);
      const stdin = inPieces(tar.subarray(0, 900), 100);
      await expectError(
        openSource(STDIN, { scratchFolder: folder, stdin }),
        "E_BAD_ARCHIVE",
        "standard input",
        "cut off",
      );
      expect(readdirSync(folder)).toEqual(["layout"]);
    }));

  test("that is not given is a mistake of the caller", () =>
    expectError(readImage(STDIN, "/tmp"), "E_USAGE", "standard input"));

  test("that fails says so", () =>
    inFolder((folder) => {
      const failing = (async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from("x".repeat(10));
        throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
      })();
      return expectError(
        openSource(STDIN, { scratchFolder: folder, stdin: failing }),
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
      const opening = openSource(STDIN, { scratchFolder: folder, stdin: silent, signal: controller.signal });
      const reason = new Error("interrupted");
      setTimeout(() => controller.abort(reason), 10);
      expect(await opening.catch((error: unknown) => error)).toBe(reason);
      expect(readdirSync(folder)).toEqual([]);
    }));

  test("cannot be kept in a scratch folder that is not there", () =>
    expectError(
      openSource(STDIN, { scratchFolder: "/nonexistent/scratch", stdin: inPieces(Buffer.from("x"), 1) }),
      "E_IO",
      "/nonexistent/scratch",
    ));
});
