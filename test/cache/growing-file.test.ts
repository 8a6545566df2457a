import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrowingFile } from "../../src/cache/growing-file.ts";
import type { Docker2vmError } from "../../src/errors.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";

async function withFile(use: (file: GrowingFile, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-growing-"));
  const file = await GrowingFile.nameless(join(folder, "layer"));
  try {
    await use(file, folder);
  } finally {
    await file.close().catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
}

async function collect(file: GrowingFile, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read(signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Milliseconds that a reader pauses at a place: readers that keep up, fall behind by turns, and trail behind. */
const PACES = [() => 0, (position: number) => (position >> 20) % 5, () => 3];

/** 24 MiB in pieces of odd sizes to readers of different paces. */
async function churn(file: GrowingFile, paces: readonly ((position: number) => number)[]): Promise<void> {
  const all = randomBytes(24 << 20);
  const follow = async (pause: (position: number) => number): Promise<void> => {
    let position = 0;
    for await (const chunk of file.read()) {
      expect(all.compare(chunk, 0, chunk.length, position, position + chunk.length)).toBe(0);
      position += chunk.length;
      // It is the reader's own.
      chunk.fill(0);
      await Bun.sleep(pause(position));
    }
    expect(position).toBe(all.length);
  };
  const readers = paces.map((pace) => follow(pace));
  for (let at = 0, length = 1; at < all.length; at += length) {
    length = 1 + ((at * 7919) % 300_000);
    await file.append(all.subarray(at, at + length));
    if (at % 3 === 0) await Bun.sleep(0);
  }
  await file.complete();
  await Promise.all(readers);
}

/** Pieces of many sizes, around those that are gathered and read at once. */
const PIECES = [1, 0, 7, 70_000, 262_143, 262_144, 262_145, 1 << 20, 3_000_001, 5].map((length, i) =>
  Buffer.alloc(length, i + 1),
);

describe("a growing file", () => {
  test("gives every reader all its bytes, whether it comes early or late", () =>
    withFile(async (file) => {
      const early = [collect(file), collect(file)];
      for (const piece of PIECES) {
        await file.append(Uint8Array.from(piece));
        await Bun.sleep(0);
      }
      await file.complete();
      const all = Buffer.concat(PIECES);
      expect(file.length).toBe(all.length);
      for (const read of [...early, collect(file)]) expect((await read).equals(all)).toBe(true);
    }));

  test("gives them while some are in memory, some on their way and some in the file", () =>
    withFile(async (file) => {
      await churn(file, PACES);
      // And to one that comes when all is there.
      expect(await collect(file)).toHaveLength(24 << 20);
    }));

  testWith(
    ["loop mount"],
    "gives them where the filesystem lets nobody write past the page cache",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "docker2vm-ramfs-"));
      runOk("mount", ["-t", "ramfs", "ramfs", folder]);
      try {
        const file = await GrowingFile.nameless(join(folder, "layer"));
        await churn(file, PACES);
        await file.close();
      } finally {
        runOk("umount", [folder]);
        rmSync(folder, { recursive: true });
      }
    },
  );

  test("has no name while it is in use", () =>
    withFile(async (_, folder) => expect(readdirSync(folder)).toEqual([])));

  test("of no bytes ends at once", () =>
    withFile(async (file) => {
      await file.complete();
      expect(await collect(file)).toHaveLength(0);
    }));

  test("gives chunks of at most a mebibyte that stay the reader's", () =>
    withFile(async (file) => {
      await file.append(Buffer.alloc(3 << 20, 1));
      await file.complete();
      const chunks = [];
      for await (const chunk of file.read()) chunks.push(chunk.fill(2));
      expect(chunks.every((chunk) => chunk.length <= 1 << 20 && chunk.every((byte) => byte === 2))).toBe(
        true,
      );
    }));

  test("that fails gives what is there, and then the failure, also to a reader that comes after", () =>
    withFile(async (file) => {
      const failure = new Error("broken off");
      await file.append(Buffer.alloc(1 << 20));
      const early = collect(file).catch(String);
      file.fail(failure);
      expect(await early).toBe("Error: broken off");
      const reader = file.read();
      expect((await reader.next()).value).toHaveLength(1 << 20);
      expect(await reader.next().catch(String)).toBe("Error: broken off");
    }));

  test("lets a waiting reader go when its signal is aborted, and the others wait on", () =>
    withFile(async (file) => {
      const abort = new AbortController();
      const one = collect(file, abort.signal).catch(String);
      const other = collect(file);
      abort.abort(new Error("enough"));
      expect(await one).toBe("Error: enough");
      await file.append(Buffer.from("x"));
      await file.complete();
      expect(`${await other}`).toBe("x");
    }));

  test("does not wait for a reader that stands still, nor for one that has gone", () =>
    withFile(async (file) => {
      const reader = file.read();
      await file.append(Buffer.alloc(1 << 20));
      await reader.next();
      await file.append(Buffer.alloc(30 << 20));
      expect(file.length).toBe(31 << 20);
      await reader.return(undefined);
      await file.append(Buffer.alloc(10 << 20));
      await file.complete();
      expect(file.length).toBe(41 << 20);
    }));

  test("goes on in its spare file where it takes no more, whatever its readers have had", async () => {
    const folder = mkdtempSync(join(tmpdir(), "docker2vm-growing-"));
    const told: string[] = [];
    const spare = { path: join(folder, "spare"), onNeed: ({ code }: Docker2vmError) => void told.push(code) };
    const file = new GrowingFile(await open("/dev/full", "r+"), "/dev/full", spare);
    try {
      expect(file.isWhole).toBe(true);
      await churn(file, PACES);
      expect([told, file.isWhole]).toEqual([["E_NO_SPACE"], false]);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await file.close();
      rmSync(folder, { recursive: true });
    }
  });

  test("in no folder, or on a full disk, is an error of the disk", async () => {
    await expectError(GrowingFile.nameless("/nowhere/at/all/layer"), "E_IO", "/nowhere/at/all/layer");
    const file = new GrowingFile(await open("/dev/full", "r+"), "/dev/full");
    await file.append(Buffer.from("x"));
    await expectError(file.complete(), "E_NO_SPACE", "/dev/full", "cache prune");
    await file.close();
  });
});
