/** Images in places of the caller's: the same bytes as in a folder, and the caller's own errors come back. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { type ImageTarget, MemoryTarget } from "../../src/output/target.ts";
import { noise } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;
const PLATFORM = "linux/amd64";

/** Contents that are removed again, and others that have to move to where they were. */
function image(): string {
  const [much, some] = [noise(9 * MIB, 1), noise(3 * MIB, 2)];
  const layers = [[{ path: "a", data: much }], [{ path: "b", data: some }], [{ path: ".wh.a" }]];
  buildLayout(scratch("image"), { layers: layers.map((items) => tar(items)) });
  return `oci:${scratch("image")}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a target", () => {
  const kinds: readonly [name: string, filesystem: FilesystemSettings][] = [
    ["ext4", {}],
    ["the smallest ext4, with a hash tree", { size: "min", verity: true }],
    ["ext3", { type: "ext3" }],
  ];
  for (const [name, filesystem] of kinds) {
    test(`holds the bytes that a folder would, and is described alike: ${name}`, async () => {
      const options = { source: image(), platform: PLATFORM, filesystem, digest: true };
      const target = new MemoryTarget();
      const into = await convertInto(target, options);
      const made = await convert({ ...options, out: scratch("out"), force: true });
      expect(sha256(target.bytes)).toBe(sha256(readFileSync(made.rootfsPath)));
      expect(into.metadata).toEqual(made.metadata);
      expect(into.metadata.rootfsDigest).toBe(`sha256:${sha256(target.bytes)}` as never);
      expect(into.apparentBytes).toBe(target.bytes.length);
    });
  }

  test("gets an image from bytes that are all in memory", async () => {
    const bytes = await tarOf(entriesOf(image().slice("oci:".length)));
    const target = new MemoryTarget();
    const { metadata } = await convertInto(target, {
      source: { kind: "stream", bytes, name: "memory" },
      platform: PLATFORM,
    });
    expect(metadata.source).toEqual({ kind: "stream", reference: "memory" });
    expect(metadata.layers).toHaveLength(3);
  });

  for (const at of ["write", "read", "truncate", "finish"] as const) {
    test(`whose ${at} throws ends the conversion with just that`, async () => {
      const memory = new MemoryTarget();
      const thrown = new Error(`no ${at}`);
      const target: ImageTarget = {
        write: (position, bytes) => memory.write(position, bytes),
        read: (position, bytes) => memory.read(position, bytes),
        truncate: (length) => memory.truncate(length),
        [at]: () => {
          throw thrown;
        },
      };
      const filesystem = { size: "min", verity: true } as const;
      const failed = await convertInto(target, { source: image(), platform: PLATFORM, filesystem }).catch(
        (error: unknown) => error,
      );
      expect(failed).toBe(thrown);
    });
  }

  test("cannot hold what a profile makes beside the image", () =>
    expectError(
      convertInto(new MemoryTarget(), {
        source: "oci:/nowhere",
        profile: { name: "gondolin", mode: "assets" },
      }),
      "E_USAGE",
      "needs a folder",
    ));
});
