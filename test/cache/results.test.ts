import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Results } from "../../src/cache/results.ts";
import { listCache, pruneCache, verifyCache } from "../../src/cache/upkeep.ts";
import { writeSparse } from "../../src/disk/write-sparse.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import { noise } from "../registry/support.ts";
import { cloningFolder } from "../support/cloning-folder.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { until } from "../support/waiting.ts";

const scratch = scratchFolder();
const cloning = cloningFolder();

const KEY = sha256Of(Buffer.from("key"));
const OTHER = sha256Of(Buffer.from("other"));
const MIB = 1 << 20;
const never = new AbortController().signal;
/** More than one piece, with a hole, and an end that is no whole block. */
const IMAGE = Buffer.concat([noise(4 * MIB + 4096, 1), Buffer.alloc(5 * MIB), noise(70_007, 2)]);
const CONTENTS: Readonly<Record<string, Buffer>> = { "rootfs.ext4": IMAGE, "seed.img": noise(3000, 3) };

/** A cache with one result, and what it was kept of. */
async function kept(parent: string, manner: { copies: boolean }) {
  const home = mkdtempSync(join(parent, "cache-"));
  const files = new Map(Object.keys(CONTENTS).map((name) => [name, join(home, `new-${name}`)]));
  for (const [name, path] of files) putSparse(path, CONTENTS[name] ?? Buffer.alloc(0));
  const folder = join(home, "cache");
  const results = new Results(folder);
  const keep = () => results.keep({ key: KEY, note: "note", files }, { ...manner, signal: never });
  const isKept = await keep();
  const place = join(folder, "results", KEY.slice("sha256:".length));
  const bring = (key = KEY) => {
    const out = mkdtempSync(join(home, "out-"));
    const wanted = new Map([...files.keys()].map((name) => [name, join(out, name)]));
    return { out, found: results.bring({ key, files: wanted, mode: 0o640 }, never) };
  };
  return { folder, results, keep, isKept, place, bring, files };
}

function putSparse(path: string, bytes: Buffer): void {
  const fd = openSync(path, "w");
  ftruncateSync(fd, bytes.length);
  writeSparse(fd, 0, bytes);
  closeSync(fd);
}

/** What can happen to a result in its folder, and what then comes of it. */
const DAMAGES: readonly (readonly [string, (place: string) => void, "damaged" | undefined])[] = [
  [
    "a byte of a file is another",
    (place) => flip(join(place, "rootfs.ext4"), IMAGE.length - 5000),
    "damaged",
  ],
  ["a byte in a hole is set", (place) => flip(join(place, "rootfs.ext4"), 7 * MIB), "damaged"],
  ["a byte of the smallest file is another", (place) => flip(join(place, "seed.img"), 0), "damaged"],
  ["a file is cut off", (place) => truncateSync(join(place, "rootfs.ext4"), 4 * MIB), "damaged"],
  ["a file is longer", (place) => truncateSync(join(place, "seed.img"), 5 * MIB), "damaged"],
  ["a file is a link to the same", (place) => moveAndLink(join(place, "seed.img")), "damaged"],
  ["a byte of what describes it is another", (place) => flip(join(place, "result.json"), 200), "damaged"],
  ["what describes it is cut off", (place) => truncateSync(join(place, "result.json"), 100), "damaged"],
  ["what describes it is empty", (place) => truncateSync(join(place, "result.json"), 0), "damaged"],
  ["a file is gone", (place) => unlinkSync(join(place, "seed.img")), "damaged"],
  ["what describes it is gone", (place) => unlinkSync(join(place, "result.json")), undefined],
  ["all of it is gone", (place) => rmSync(place, { recursive: true }), undefined],
];

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const { atime, mtime } = statSync(path);
  writeFileSync(path, bytes);
  // As whoever does not want it to be seen.
  utimesSync(path, atime, mtime);
}

function moveAndLink(path: string): void {
  renameSync(path, `${path}.moved`);
  symlinkSync(`${path}.moved`, path);
}

function expectSame(out: string): void {
  for (const [name, bytes] of Object.entries(CONTENTS)) {
    expect(readFileSync(join(out, name)).equals(bytes)).toBe(true);
  }
}

for (const [how, folder, copies, needs] of [
  ["copied", () => scratch(), true, []],
  ["cloned", () => cloning(), false, ["mkfs.xfs"]],
] as const) {
  describe(`a result that was ${how}`, () => {
    testWith(needs, "comes back as it was, with its holes, and the mode that is asked for", async () => {
      const { isKept, bring, place, results, files } = await kept(folder(), { copies });
      expect(isKept).toBe(true);
      // Whatever becomes of the files that it was made of.
      for (const path of files.values()) writeFileSync(path, "changed");
      const { out, found } = bring();
      expect(await found).toMatchObject({ note: "note" });
      expectSame(out);
      expect(statSync(join(out, "rootfs.ext4")).blocks * 512).toBeLessThan(6 * MIB);
      expect(statSync(join(out, "seed.img")).mode & 0o777).toBe(0o640);
      expect(statSync(join(place, "seed.img")).mode & 0o777).toBe(0o600);
      writeFileSync(join(out, "seed.img"), "changed");
      const again = bring();
      expect(await again.found).toMatchObject({ note: "note" });
      expectSame(again.out);
      expect(await results.bring({ key: OTHER, files, mode: 0o600 }, never)).toBeUndefined();
    });

    testWith(needs, "is never used where anything of it was changed, and is kept anew over it", async () => {
      const { folder: cache, bring, place, keep } = await kept(folder(), { copies });
      for (const [what, damage, expected] of DAMAGES) {
        damage(place);
        expect([what, await bring().found]).toEqual([what, expected]);
        expect(await keep()).toBe(true);
        expect(readdirSync(join(cache, "tmp"))).toEqual([]);
      }
      const { out, found } = bring();
      expect(await found).toMatchObject({ note: "note" });
      expectSame(out);
    });

    testWith(needs, "is counted, checked and removed with the rest of the cache", async () => {
      const { folder: cache, bring, place, keep } = await kept(folder(), { copies });
      const [{ size, ...listed } = { size: 0 }, ...more] = await listCache(cache);
      expect([listed, ...more]).toMatchObject([{ kind: "result", digest: KEY }]);
      expect(size).toBeGreaterThan(4 * MIB);
      expect(size).toBeLessThan(6 * MIB);
      expect(await verifyCache(cache)).toEqual({ sound: 1, damaged: [], failed: [] });
      flip(join(place, "rootfs.ext4"), 0);
      expect(await verifyCache(cache)).toEqual({ sound: 0, damaged: [KEY], failed: [] });
      expect(await bring().found).toBeUndefined();
      await keep();
      expect((await pruneCache(cache, { keepBytes: MIB })).removed).toHaveLength(1);
      expect(await bring().found).toBeUndefined();
    });
  });
}

describe("results", () => {
  test("are not copied unasked", async () => {
    const { isKept, folder, bring } = await kept("/dev/shm", { copies: false });
    expect(isKept).toBe(false);
    expect(await bring().found).toBeUndefined();
    expect([readdirSync(join(folder, "tmp")), readdirSync(join(folder, "results"))]).toEqual([[], []]);
    rmSync(join(folder, ".."), { recursive: true });
  });

  test("are not those of another key, wherever they lie", async () => {
    const { place, folder, bring } = await kept(scratch(), { copies: true });
    cpSync(place, join(folder, "results", OTHER.slice("sha256:".length)), { recursive: true });
    expect(await bring(OTHER).found).toBe("damaged");
    expect(await bring().found).toMatchObject({ note: "note" });
  });

  test("that were moved to another disk are read whole, and serve", async () => {
    const { place, bring } = await kept(scratch(), { copies: true });
    for (const name of Object.keys(CONTENTS)) {
      copyFileSync(join(place, name), `${place}.copy`);
      renameSync(`${place}.copy`, join(place, name));
    }
    const { out, found } = bring();
    expect(await found).toMatchObject({ note: "note" });
    expectSame(out);
  });

  test("of several that are kept and brought at once are all whole", async () => {
    const { results, keep, bring, folder } = await kept(scratch(), { copies: true });
    const rounds = Array.from({ length: 8 }, async (_, i) => {
      if (i % 4 === 0) await results.drop(KEY);
      if (i % 2 === 0) expect(await keep()).toBe(true);
      const { out, found } = bring();
      const note = await found;
      if (note !== undefined) expectSame(out);
      return note;
    });
    expect(await Promise.all(rounds)).not.toContain("damaged");
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });

  test("of a process that was killed in the middle are not there, and their room is given back", async () => {
    const { results, folder, files, keep, bring } = await kept(scratch(), { copies: true });
    await results.drop(KEY);
    const pipe = join(folder, "pipe");
    runOk("mkfifo", [pipe]);
    const module = join(import.meta.dir, "../../src/cache/results.ts");
    const all = [...files, ["last", pipe]];
    const program = `
      const { Results } = await import(${JSON.stringify(module)});
      const result = { key: ${JSON.stringify(KEY)}, note: "", files: new Map(${JSON.stringify(all)}) };
      await new Results(${JSON.stringify(folder)}).keep(result, { copies: true, signal: new AbortController().signal });`;
    const child = spawn(process.execPath, ["--no-env-file", "-e", program], { stdio: "inherit" });
    const seen = () =>
      readdirSync(join(folder, "tmp")).flatMap((name) => readdirSync(join(folder, "tmp", name)));
    await until(() => seen().includes("last"));
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(seen()).toContain("rootfs.ext4");
    expect(await bring().found).toBeUndefined();
    expect(await keep()).toBe(true);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    const { out, found } = bring();
    expect(await found).toMatchObject({ note: "note" });
    expectSame(out);
  });

  test("stop at a signal, and leave nothing", async () => {
    const { results, folder, files } = await kept(scratch(), { copies: true });
    const signal = AbortSignal.abort(new Error("enough"));
    const result = { key: OTHER, note: "", files };
    expect(results.keep(result, { copies: true, signal })).rejects.toThrow("enough");
    expect(await results.list()).toHaveLength(1);
    await expectError(
      results.keep({ ...result, files: new Map([["x", "/nowhere"]]) }, { copies: true, signal: never }),
      "E_IO",
    );
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    expect(existsSync(join(folder, "results", OTHER.slice(7)))).toBe(false);
  });
});
