/** How readily Bun compiles while a command runs. */
import { afterEach, expect, spyOn, test } from "bun:test";
import type { Engine } from "../../src/cli/host.ts";
import { digestOf, runWith } from "./fake-host.ts";

const MIB = 1 << 20;
const policy = spyOn(Bun.unsafe, "setJITPolicy");
afterEach(() => policy.mockClear());

/** What Bun was told by when the image had been found, and by the end. */
async function toldFor(...sizes: number[]): Promise<readonly unknown[][]> {
  const told: unknown[][] = [];
  const engine: Partial<Engine> = {
    convert: async ({ onProgress }) => {
      const layers = sizes.map((size) => ({ digest: digestOf("a"), diffId: digestOf("d"), size }));
      onProgress?.({ type: "resolved", layers });
      told.push(policy.mock.calls.map(([scale]) => scale));
      throw new Error("it was only to begin");
    },
  };
  await runWith(["convert", "oci:x", "--out", "y"], engine);
  told.push(policy.mock.calls.map(([scale]) => scale));
  return told;
}

test("a small image is made with less compiled, and no other", async () => {
  expect(await toldFor(5 * MIB, 3 * MIB)).toEqual([[6], [6, 1]]);
  policy.mockClear();
  expect(await toldFor(5 * MIB, 3 * MIB + 1)).toEqual([[], [1]]);
  policy.mockClear();
  expect(await toldFor()).toEqual([[], [1]]);
});

test("another command has all compiled as ever", async () => {
  await runWith(["ls", "nowhere"]);
  expect(policy.mock.calls).toEqual([]);
});
