import { expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { DirectFile, PAGE } from "../../src/disk/direct-file.ts";
import { SparseCopyTarget } from "../../src/disk/sparse-copy-target.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

test("a write that fails waits for what it has begun, and hears how that fails", async () => {
  await withTemporaryFolder(async (folder) => {
    let isOver = false;
    const direct = {
      memory: (bytes: number) => new Uint8Array(bytes),
      write: async () => {
        await Bun.sleep(20);
        isOver = true;
        throw new Error("no room");
      },
      close: () => undefined,
    };
    using _ = spyOn(DirectFile, "open").mockReturnValue(direct as unknown as DirectFile);
    const target = new SparseCopyTarget(join(folder, "to"), 0o600, 1 << 20, 1 << 20);
    const { memory } = target;
    // A long run, a hole, and a short run: that fails at once, as the file is closed.
    memory.fill(1, 0, 512 << 10);
    memory.fill(1, 600 << 10, (600 << 10) + PAGE);
    target.close();
    const failure = await target.write(0, memory).catch((error: unknown) => error);
    expect([failure, isOver]).toEqual([expect.objectContaining({ code: "EBADF" }), true]);
  });
});

test("one that cannot be begun leaves nothing open", async () => {
  await withTemporaryFolder(async (folder) => {
    let closed = 0;
    const direct = {
      memory: () => {
        throw new Error("no room");
      },
      close: () => closed++,
    };
    using _ = spyOn(DirectFile, "open").mockReturnValue(direct as unknown as DirectFile);
    expect(() => new SparseCopyTarget(join(folder, "to"), 0o600, PAGE, PAGE)).toThrow("no room");
    expect(closed).toBe(1);
  });
});
