import { expect, test } from "bun:test";
import { closeSync, fstatSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkPieces, copyPiecewise } from "../../src/disk/piecewise-copy.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

test("what was begun when a copy fails writes to no file that is opened afterwards", async () => {
  await withTemporaryFolder(async (folder) => {
    const from = join(folder, "from");
    writeFileSync(from, Buffer.alloc(32 << 20, 7));
    const { signal } = new AbortController();
    // Two pieces are on their way by then.
    let asked = 0;
    signal.throwIfAborted = () => {
      if (++asked === 3) throw new Error("stopped");
    };
    const copying = copyPiecewise(from, join(folder, "to"), 0o600, signal);
    expect(await copying.catch(String)).toBe("Error: stopped");
    // They get the numbers that the copy's files had.
    const others = ["a", "b"].map((name) => openSync(join(folder, name), "w+"));
    // Reads are done in their order: those of the copy are over when all of these are.
    await checkPieces(from);
    expect(others.map((fd) => fstatSync(fd).size)).toEqual([0, 0]);
    for (const fd of others) closeSync(fd);
  });
});
