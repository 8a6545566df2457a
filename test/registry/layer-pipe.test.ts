import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { PATIENCE } from "../../src/cache/growing-file.ts";
import { LayerPipe } from "../../src/source/registry-pipe.ts";
import { expectError } from "../support/expect-error.ts";
import { scratchFolder } from "../support/scratch.ts";
import { withStandingClock } from "../support/waiting.ts";

const scratch = scratchFolder();
const MIB = 1 << 20;
let pipes = 0;

/** A pipe, and the folder that it may make its file in. */
function newPipe(): { pipe: LayerPipe; folder: string } {
  const folder = scratch(`pipe${pipes++}`);
  mkdirSync(folder);
  return { pipe: new LayerPipe(`${folder}/layer`), folder };
}

/** Appends bytes in pieces of odd sizes, at the pipe's pace. */
async function appendAll(pipe: LayerPipe, all: Uint8Array): Promise<void> {
  for (let at = 0, length = 1; at < all.length; at += length) {
    length = 1 + ((at * 7919) % 300_000);
    await pipe.append(all.slice(at, at + length));
  }
  await pipe.complete();
}

async function collect(pipe: LayerPipe, pause: (position: number) => number = () => 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let position = 0;
  for await (const chunk of pipe.read()) {
    chunks.push(chunk);
    position += chunk.length;
    const milliseconds = pause(position);
    if (milliseconds > 0) await Bun.sleep(milliseconds);
  }
  await pipe.close();
  return Buffer.concat(chunks);
}

describe("a layer's pipe", () => {
  const all = randomBytes(24 * MIB);
  const paces = {
    "keeps up": () => 0,
    "falls behind by turns": (position: number) => (position / MIB) % 3,
    "trails behind": () => 2,
    "stands still for longer than it is waited for": (position: number) => (position < 300_000 ? 1200 : 0),
  };
  for (const [name, pace] of Object.entries(paces)) {
    test(`gives all its bytes to a reader that ${name}`, async () => {
      const { pipe } = newPipe();
      const reading = collect(pipe, pace);
      await appendAll(pipe, all);
      expect((await reading).equals(all)).toBe(true);
    });
  }

  test("makes its writer wait for a reader that is on its way, a little", async () => {
    await withStandingClock(async (pass) => {
      const { pipe } = newPipe();
      expect(pipe.append(Buffer.alloc(MIB - 1))).toBeUndefined();
      let isOpen = true;
      const waiting = pipe.append(Buffer.alloc(MIB))?.then(() => {
        isOpen = false;
      });
      await pass(PATIENCE - 1);
      expect(isOpen).toBe(true);
      const reader = pipe.read();
      expect((await reader.next()).value).toHaveLength(MIB - 1);
      expect((await reader.next()).value).toHaveLength(MIB);
      await waiting;
      await reader.return(undefined);
      await pipe.close();
    });
  });

  test("does not hold up its writer for a reader that never comes, and gives the bytes to one that comes late", async () => {
    const { pipe, folder } = newPipe();
    await appendAll(pipe, all);
    // Its file has no name.
    expect(readdirSync(folder)).toEqual([]);
    expect((await collect(pipe)).equals(all)).toBe(true);
  });

  test("takes bytes that nobody wants any more without waiting", async () => {
    const { pipe } = newPipe();
    await pipe.append(Buffer.alloc(10));
    const reader = pipe.read();
    await reader.next();
    await reader.return(undefined);
    for (let i = 0; i < 10; i++) expect(pipe.append(Buffer.alloc(MIB))).toBeUndefined();
    await pipe.complete();
    await pipe.close();
  });

  test("that fails gives what is there, and then the failure: from memory and from its file", async () => {
    for (const length of [1000, 3 * MIB]) {
      const { pipe } = newPipe();
      await pipe.append(Buffer.alloc(length));
      pipe.fail(new Error("broken off"));
      const reader = pipe.read();
      let bytes = 0;
      const failure = await (async () => {
        for await (const chunk of reader) bytes += chunk.length;
      })().catch(String);
      expect(failure).toBe("Error: broken off");
      expect(bytes).toBe(length);
      await pipe.close();
    }
  });

  test("lets a waiting reader go when its signal is aborted", async () => {
    const { pipe } = newPipe();
    const abort = new AbortController();
    const waiting = pipe.read(abort.signal).next().catch(String);
    abort.abort(new Error("enough"));
    expect(await waiting).toBe("Error: enough");
    await pipe.close();
  });

  test("of no bytes ends at once", async () => {
    const { pipe } = newPipe();
    await pipe.complete();
    expect(await collect(pipe)).toHaveLength(0);
  });

  test("that needs a file and may make none fails", async () => {
    const pipe = new LayerPipe("/nowhere/at/all/layer");
    const overflowing = pipe.append(Buffer.alloc(2 * MIB)) ?? Promise.resolve();
    await expectError(overflowing, "E_IO", "/nowhere/at/all/layer");
  });
});
