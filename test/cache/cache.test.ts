import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Cache, openCache } from "../../src/cache/cache.ts";
import { defaultCacheFolder } from "../../src/cache/layout.ts";
import { listCache, pruneCache, verifyCache } from "../../src/cache/upkeep.ts";
import { type Digest, sha256Of } from "../../src/oci/digest.ts";
import { runWith } from "../cli/fake-host.ts";
import { collect } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";

async function withCache(use: (cache: Cache, folder: string) => Promise<void>): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), "docker2vm-cache-"));
  const folder = join(parent, "deep", "cache");
  try {
    await use(await openCache(folder), folder);
  } finally {
    rmSync(parent, { recursive: true });
  }
}

const BYTES = [Buffer.from("one"), Buffer.from("two, longer"), Buffer.alloc(100_000, 3)] as const;
const DIGESTS = BYTES.map(sha256Of);
const [ONE = sha256Of(Buffer.of()), TWO = ONE, THREE = ONE] = DIGESTS;
const NOTHING = (async function* (): AsyncGenerator<Uint8Array> {})();
const fileOf = (folder: string, digest: Digest) => join(folder, "blobs", digest.replace(":", "/"));
const fill = async (cache: Cache) => {
  for (const bytes of BYTES) await cache.write(sha256Of(bytes), bytes);
};
const used = (folder: string, digest: Digest, day: number) => {
  const when = new Date(Date.UTC(2020, 0, day));
  utimesSync(fileOf(folder, digest), when, when);
};

describe("a cache", () => {
  test("is by default where XDG says, or below the home", () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "/c", HOME: "/h" })).toBe("/c/docker2vm");
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "relative", HOME: "/h" })).toBe("/h/.cache/docker2vm");
    expect(defaultCacheFolder({ HOME: "/h" })).toBe("/h/.cache/docker2vm");
  });

  test("gives back what was put in, by its digest, to this user alone", () =>
    withCache(async (cache, folder) => {
      expect(await cache.read(ONE, 100)).toBeUndefined();
      expect(await cache.has(ONE)).toBe(false);
      await fill(cache);
      expect(Buffer.from((await cache.read(ONE, 100)) ?? []).equals(BYTES[0])).toBe(true);
      expect(await cache.has(ONE)).toBe(true);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(statSync(fileOf(folder, ONE)).mode & 0o777).toBe(0o600);
      expect(readFileSync(fileOf(folder, ONE)).equals(BYTES[0])).toBe(true);
    }));

  test("takes nothing that does not hash to its digest", () =>
    withCache(async (cache) => {
      await expectError(cache.write(ONE, BYTES[1]), "E_DIGEST_MISMATCH", ONE);
      expect(await cache.has(ONE)).toBe(false);
    }));

  test("drops a damaged or cut off entry where it is read", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      writeFileSync(fileOf(folder, ONE), "eno");
      truncateSync(fileOf(folder, TWO), 3);
      expect(await cache.read(ONE, 100)).toBeUndefined();
      expect(await cache.read(TWO, 100)).toBeUndefined();
      expect(await Promise.all(DIGESTS.map((digest) => cache.has(digest)))).toEqual([false, false, true]);
    }));

  test("gives a blob its name only when it is committed, and no trace stays of one that is discarded", () =>
    withCache(async (cache, folder) => {
      const entry = await cache.create(THREE);
      await entry.file.append(Uint8Array.from(BYTES[2]));
      await entry.file.complete();
      expect(await cache.has(THREE)).toBe(false);
      await entry.commit();
      await entry.discard();
      expect(await cache.has(THREE)).toBe(true);
      expect((await collect(entry.file.read())).equals(BYTES[2])).toBe(true);
      await entry.file.close();

      const other = await cache.create(ONE);
      await other.discard();
      await other.file.close();
      expect(await cache.has(ONE)).toBe(false);
      expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    }));

  test("lets a blob be read on that is taken out meanwhile", () =>
    withCache(async (cache) => {
      await fill(cache);
      const blob = await cache.openRead(THREE);
      await cache.drop(THREE);
      expect((await collect(blob?.read() ?? NOTHING)).equals(BYTES[2])).toBe(true);
      await blob?.close();
      expect(await cache.openRead(THREE)).toBeUndefined();
    }));

  test("remembers what tags stand for, of repositories that are folders of each other", () =>
    withCache(async (cache) => {
      const names = [
        { registry: "r.io:5000", repository: "a", tag: "b" },
        { registry: "r.io:5000", repository: "a/b", tag: "latest" },
        { registry: "[::1]:5000", repository: "a/b", tag: "latest" },
      ];
      for (const [i, name] of names.entries()) await cache.writeTag(name, DIGESTS[i] ?? ONE);
      expect(await Promise.all(names.map((name) => cache.readTag(name)))).toEqual(DIGESTS);
      expect(await cache.readTag({ registry: "r.io:5000", repository: "a", tag: "c" })).toBeUndefined();
      await cache.writeTag(names[0] ?? { registry: "", repository: "", tag: "" }, THREE);
      expect(await cache.readTag(names[0] ?? { registry: "", repository: "", tag: "" })).toBe(THREE);
    }));

  test("loses what killed processes left, and keeps what others are at", () =>
    withCache(async (cache, folder) => {
      const entry = await cache.create(ONE);
      const [mine = ""] = readdirSync(join(folder, "tmp"));
      const [neighbourhood] = mine.split("-");
      const stranger = `0badcafe-1-2-${"0".repeat(16)}`;
      const old = `0badcafe-1-2-${"1".repeat(16)}`;
      // No process has a number beyond the kernel's limit of 2^22.
      for (const name of [`${neighbourhood}-9999999-2-${"0".repeat(16)}`, stranger, old, "something-else"]) {
        writeFileSync(join(folder, "tmp", name), "");
      }
      const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
      utimesSync(join(folder, "tmp", old), yesterday, yesterday);
      await openCache(folder);
      expect(readdirSync(join(folder, "tmp")).sort()).toEqual([stranger, mine, "something-else"].sort());
      await entry.discard();
      await entry.file.close();
    }));

  test("in a place that is no folder is an error that names it", async () => {
    await expectError(openCache("/dev/null/cache"), "E_IO", "/dev/null/cache", "--cache-dir");
  });
});

describe("looking after a cache", () => {
  test("lists what is there, the last used first, and nothing else", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      for (const [i, digest] of [TWO, ONE, THREE].entries()) used(folder, digest, i + 1);
      writeFileSync(join(folder, "blobs/sha256/notes.txt"), "");
      mkdirSync(join(folder, "blobs/sha256", "0".repeat(64)));
      expect(await listCache(folder)).toEqual([
        { kind: "blob", digest: THREE, size: 100_000, lastUsed: new Date(Date.UTC(2020, 0, 3)) },
        { kind: "blob", digest: ONE, size: 3, lastUsed: new Date(Date.UTC(2020, 0, 2)) },
        { kind: "blob", digest: TWO, size: 11, lastUsed: new Date(Date.UTC(2020, 0, 1)) },
      ]);
      expect(await listCache(join(folder, "nowhere"))).toEqual([]);
    }));

  test("counts reading as use", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      for (const digest of DIGESTS) used(folder, digest, 1);
      await cache.read(TWO, 100);
      expect((await listCache(folder))[0]?.digest).toBe(TWO);
    }));

  test("prunes by age", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      for (const [i, digest] of DIGESTS.entries()) used(folder, digest, i + 1);
      const { removed, kept } = await pruneCache(folder, { olderThan: new Date(Date.UTC(2020, 0, 2)) });
      expect([removed, kept].map((list) => list.map(({ digest }) => digest))).toEqual([[ONE], [THREE, TWO]]);
      expect(await cache.has(ONE)).toBe(false);
    }));

  test("prunes by size, the least recently used first", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      for (const [i, digest] of [THREE, ONE, TWO].entries()) used(folder, digest, i + 1);
      const { removed } = await pruneCache(folder, { keepBytes: 14 });
      expect(removed.map(({ digest }) => digest)).toEqual([THREE]);
      expect(existsSync(fileOf(folder, ONE)) && existsSync(fileOf(folder, TWO))).toBe(true);
    }));

  test("prunes by both, and everything with neither, tags included that lead nowhere", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      const name = (tag: string) => ({ registry: "r.io", repository: "a", tag });
      await cache.writeTag(name("one"), ONE);
      await cache.writeTag(name("two"), TWO);
      for (const [i, digest] of DIGESTS.entries()) used(folder, digest, i + 1);
      await pruneCache(folder, { olderThan: new Date(Date.UTC(2020, 0, 2)), keepBytes: 100_011 });
      expect(await cache.readTag(name("one"))).toBeUndefined();
      expect(await cache.readTag(name("two"))).toBe(TWO);
      expect((await pruneCache(folder, {})).kept).toEqual([]);
      expect(await listCache(folder)).toEqual([]);
      expect(await cache.readTag(name("two"))).toBeUndefined();
    }));

  test("verifies every blob and removes the damaged", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      writeFileSync(fileOf(folder, TWO), "owt, longer");
      expect(await verifyCache(folder)).toEqual({ sound: 2, damaged: [TWO], failed: [] });
      expect(await verifyCache(folder)).toEqual({ sound: 2, damaged: [], failed: [] });
      const aborted = AbortSignal.abort(new Error("enough"));
      expect(await verifyCache(folder, aborted).catch(String)).toBe("Error: enough");
    }));

  test("verifies the rest where one cannot be read, and ends with that", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      // The last one used is looked at first. The beginning of that file cannot be read: EIO.
      rmSync(fileOf(folder, THREE));
      symlinkSync("/proc/self/mem", fileOf(folder, THREE));
      writeFileSync(fileOf(folder, ONE), "eno");
      used(folder, ONE, 1);
      const { code, stdout, stderr } = await runWith(["cache", "verify", "--cache-dir", folder]);
      expect([code, stdout.split("\n")]).toEqual([
        8,
        [
          `damaged, removed: ${ONE}`,
          expect.stringContaining(`not checked: ${THREE}: ${fileOf(folder, THREE)}: EIO`),
          "1 sound, 1 damaged, 1 not checked",
          "",
        ],
      ]);
      expect(stderr).toContain("one thing could not be read");
      expect(await cache.has(THREE)).toBe(true);
    }));

  test("lists, prunes and verifies nothing where there is no cache, and makes none", () =>
    withCache(async (_, folder) => {
      const nowhere = join(folder, "nowhere");
      expect(await listCache(nowhere)).toEqual([]);
      expect(await pruneCache(nowhere, {})).toEqual({ removed: [], kept: [] });
      expect(await verifyCache(nowhere)).toEqual({ sound: 0, damaged: [], failed: [] });
      expect(existsSync(nowhere)).toBe(false);
    }));

  test("lists what a file is just going from", () =>
    withCache(async (_, folder) => {
      const layer = join(folder, "layers", TWO.slice("sha256:".length));
      mkdirSync(layer, { recursive: true });
      writeFileSync(join(layer, "entries"), "x".repeat(100));
      // As one that is listed and gone when it is looked at.
      symlinkSync(join(folder, "gone"), join(layer, "going"));
      expect(await listCache(folder)).toEqual([
        { kind: "layer", digest: TWO, size: expect.any(Number), lastUsed: expect.any(Date) },
      ]);
    }));

  test("tells what the system does not let be looked at, and keeps it unless all goes", () =>
    withCache(async (cache, folder) => {
      await fill(cache);
      // Links that lead to themselves: ELOOP, whoever asks.
      rmSync(fileOf(folder, TWO));
      const hex = TWO.slice("sha256:".length);
      const lost = [
        fileOf(folder, TWO),
        join(folder, "layers", hex, "entries"),
        join(folder, "results", hex),
      ];
      for (const path of lost) {
        mkdirSync(dirname(path), { recursive: true });
        symlinkSync(path, path);
      }
      const unread = (await listCache(folder)).filter(({ unreadable }) => unreadable !== undefined);
      expect(unread).toEqual(
        (["blob", "layer", "result"] as const).map((kind) => ({
          kind,
          digest: TWO,
          size: 0,
          lastUsed: new Date(0),
          unreadable: expect.stringContaining("ELOOP"),
        })),
      );
      const listed = await runWith(["cache", "ls", "--cache-dir", folder]);
      expect(listed.stdout.match(/^cannot be read: .*ELOOP.*$/gm)).toHaveLength(3);
      const pruned = await runWith(["cache", "prune", "--keep-bytes", "50000", "--cache-dir", folder]);
      expect(pruned.stdout.match(/^cannot be read: .*ELOOP.*$/gm)).toHaveLength(3);
      expect(pruned.stdout).toContain("removed 1 blobs, 97.7 KiB, kept 2 blobs, 3 B; 1 layers");
      const old = { olderThan: new Date(Date.now() - 1000) };
      expect((await pruneCache(folder, old)).removed).toEqual([]);
      const { code, stdout } = await runWith(["cache", "verify", "--cache-dir", folder]);
      expect(code).toBe(8);
      expect(stdout.match(/^not checked: .*ELOOP.*$/gm)).toHaveLength(3);
      expect(stdout).toEndWith("1 sound, 0 damaged, 3 not checked\n");
      await pruneCache(folder, {});
      expect(await listCache(folder)).toEqual([]);
    }));
});
