/** The file of a kept layer, read and checked in a thread: the same pieces as without, the same damage found. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkedPieces, DamagedFileError, PIECE_SIZE } from "../../src/cache/checked-file.ts";
import { CheckedFileWriter } from "../../src/cache/checked-file-writer.ts";
import { WorkerPool } from "../../src/convert/workers/pool.ts";
import { noise } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MIB = 1 << 20;
const MODULE = pathToFileURL(join(REPOSITORY, "src/convert/workers/worker.ts"));
/** More than a ring has slots. */
const PIECES = Array.from({ length: 11 }, (_, n) => noise(n % 4 === 1 ? 0 : PIECE_SIZE - 1000 * n, n));

let pool: WorkerPool;
let path = "";

beforeAll(async () => {
  pool = new WorkerPool(2, [], MODULE);
  path = scratch("file");
  const fd = openSync(path, "wx");
  const writer = new CheckedFileWriter(fd, path, "name");
  for (const piece of PIECES) {
    (await writer.next()).set(piece);
    writer.put(piece.length);
  }
  await writer.finish();
  await writer.settle();
  closeSync(fd);
});

afterAll(() => pool.close());

/** How many pieces came as they were written, and what ended them. */
async function read(from: string, name = "name", stopAfter = Number.POSITIVE_INFINITY) {
  const fd = openSync(from, "r");
  let count = 0;
  try {
    for await (const piece of pool.pieces(fd, name)) {
      expect(piece.equals(PIECES[count] ?? noise(1, 1))).toBe(true);
      if (++count === stopAfter) break;
    }
    return { count, said: "" };
  } catch (error) {
    return { count, said: String(error) };
  } finally {
    closeSync(fd);
  }
}

describe("a file that a thread reads", () => {
  test("comes whole, several at once as well, and after one that nobody wanted the rest of", async () => {
    const whole = { count: PIECES.length, said: "" };
    for (const stopAfter of [1, 3, 10]) {
      const all = await Promise.all([read(path), read(path, "name", stopAfter), read(path)]);
      expect(all).toEqual([whole, { count: stopAfter, said: "" }, whole]);
    }
  });

  test("ends before the piece in which a bit was flipped, at a cut, and by another name before all", async () => {
    const bytes = readFileSync(path);
    const damaged = scratch("damaged");
    for (const at of [0, 4, 8, 2 * MIB + 5, 8 * MIB + 9, 11 * MIB - 10_001]) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(damaged, flipped);
      const { count, said } = await read(damaged);
      expect([at, count]).toEqual([at, Math.floor(at / MIB)]);
      expect(said).toContain("a piece does not fit its checksum");
    }
    for (const length of [0, 7, MIB, 3 * MIB + 4]) {
      writeFileSync(damaged, bytes);
      truncateSync(damaged, length);
      const { count, said } = await read(damaged);
      expect([length, count]).toEqual([length, 0]);
      expect(said).toMatch(/ends early|has no table|not at its end|does not fit/);
    }
    expect(await read(path, "another")).toMatchObject({ count: 0 });
  });

  test("is damaged where it is a folder, in a thread as without", async () => {
    const fd = openSync(scratch(), "r");
    for (const reader of [pool.pieces, checkedPieces]) {
      const damage = await reader(fd, "name")
        .next()
        .catch((error: unknown) => error);
      expect(damage).toEqual(new DamagedFileError("it is no file"));
      expect(damage).toBeInstanceOf(DamagedFileError);
    }
    closeSync(fd);
  });

  test("fails when the thread ends, before, in the middle or for long", async () => {
    const mark = scratch("mark");
    const late = scratch("late.ts");
    writeFileSync(
      late,
      `import { writeFileSync } from "node:fs";
      import { parentPort } from "node:worker_threads";
      import "${MODULE.pathname}";
      const exit = () => { writeFileSync("${mark}", ""); process.exit(5); };
      parentPort.on("message", () => setTimeout(exit, 30));`,
    );
    for (const module of [late, scratch("nothing.ts")]) {
      const lost = new WorkerPool(1, [], pathToFileURL(module));
      const fd = openSync(path, "r");
      const slowly = async (): Promise<void> => {
        // What the ring does not hold has not come by then.
        for await (const _ of lost.pieces(fd, "name")) while (!existsSync(mark)) await Bun.sleep(5);
      };
      await expectError(slowly(), "E_INTERNAL", "a thread that reads layers has ended");
      await expectError(slowly(), "E_INTERNAL", "a thread that reads layers has ended");
      closeSync(fd);
      await lost.close();
    }
  });
});
