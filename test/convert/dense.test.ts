/** An image without holes: the same bytes, all of them on the disk. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { noise } from "../registry/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const PLATFORM = "linux/amd64";

function image(): string {
  const holes = Buffer.concat([noise(5000, 1), Buffer.alloc(300_000), noise(5000, 2)]);
  buildLayout(scratch("image"), {
    layers: [
      tar([
        { path: "f", data: noise(2_000_000, 3) },
        { path: "h", data: holes },
      ]),
    ],
  });
  return `oci:${scratch("image")}`;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("without holes", () => {
  const kinds: readonly [name: string, filesystem: FilesystemSettings][] = [
    ["ext4", {}],
    ["ext4 with a hash tree", { verity: true }],
    ["ext3", { type: "ext3", size: 150 * 2 ** 20 }],
    ["ext2", { type: "ext2" }],
  ];
  for (const [name, filesystem] of kinds) {
    test(`an ${name} has the same bytes, and takes as much as it is long`, async () => {
      const options = { source: image(), platform: PLATFORM, filesystem, force: true };
      const sparse = await convert({ ...options, out: scratch("sparse") });
      const dense = await convert({ ...options, out: scratch("dense"), dense: true });
      expect(sha256(dense.rootfsPath)).toBe(sha256(sparse.rootfsPath));
      expect(sparse.allocatedBytes).toBeLessThan(sparse.apparentBytes);
      expect(dense.allocatedBytes).toBeGreaterThanOrEqual(dense.apparentBytes);
      expect(statSync(dense.rootfsPath).blocks * 512).toBe(dense.allocatedBytes);
      expect(dense.metadata).toEqual(sparse.metadata);
      expectCleanIfChecked(dense.rootfsPath);
    });
  }

  test("a target is told every byte", async () => {
    const target = new MemoryTarget();
    const blocks = new Set<number>();
    const counting = {
      write: (position: number, bytes: Uint8Array) => {
        for (let at = position; at < position + bytes.length; at += 4096) blocks.add(Math.floor(at / 4096));
        target.write(position, bytes);
      },
      read: (position: number, bytes: Uint8Array) => target.read(position, bytes),
      truncate: (length: number) => target.truncate(length),
    };
    const { apparentBytes } = await convertInto(counting, {
      source: image(),
      platform: PLATFORM,
      dense: true,
    });
    expect(blocks.size).toBe(apparentBytes / 4096);
  });

  test("a signal still ends it", async () => {
    const controller = new AbortController();
    const signal = controller.signal;
    let metadata = 0;
    const converted = convert({
      ...{ source: image(), platform: PLATFORM, out: scratch("stopped"), dense: true, signal },
      filesystem: { size: 2 ** 30 },
      // The first ends the filesystem around the contents; what comes after it is zeros.
      onProgress: ({ type }) => void (type === "filesystem" && metadata++ === 1 && controller.abort()),
    });
    await expect(converted).rejects.toMatchObject({ code: "E_INTERRUPTED" });
  });
});
