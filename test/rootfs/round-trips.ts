/** Trees at random that go through every kind of filesystem. */
import { expect } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem } from "../support/oracles.ts";
import type { RandomCases } from "../support/random-cases.ts";
import { randomStack } from "../support/random-stack.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

type Source = ConvertOptions["source"];

const KINDS = ["erofs", "xfs", "ext4"] as const;

/** Fails unless the kernel shows the same of each, but for times that a kind does not keep. */
export async function checkRoundTrips(runs: RandomCases, folder: string): Promise<void> {
  const property = fc.asyncProperty(randomStack(), (layers) =>
    checkRoundTrip({ kind: "rootfs-tar", bytes: tar(withoutConflicts(layers.flat())) }, folder),
  );
  await fc.assert(property, runs);
}

/** As `checkRoundTrips`, of one tree: `source`'s. */
export async function checkRoundTrip(source: Source, folder: string): Promise<void> {
  const filesystem = { size: "min" } as const;
  const first = await convert({ source, out: join(folder, "first"), force: true, filesystem });
  const wanted = withMounted(first.rootfsPath, "ro", kernelView);
  let image = first.rootfsPath;
  for (const type of KINDS) {
    const { rootfsPath, metadata } = await convert({
      source: `image:${image}`,
      out: join(folder, type),
      force: true,
      filesystem: type === "erofs" ? { type } : { type, size: "min" },
    });
    expect(differences(withMounted(rootfsPath, "ro", kernelView), wanted)).toEqual([]);
    expect(metadata.sourceDigest).toBe(first.metadata.sourceDigest);
    expect(metadata.filesystem.uuid).toBe(first.metadata.filesystem.uuid);
    image = rootfsPath;
  }
  expectCleanFilesystem(image);
}

/** What a stack has in several layers may be of several types: the first stays. */
function withoutConflicts(items: readonly TarItem[]): TarItem[] {
  const kinds = new Map<string, TarItem>();
  return items.filter((item) => {
    const { path = "" } = item;
    const isRoot = path === "./";
    const above = path.split("/").slice(0, -1);
    const isBelowFile = above.some((_, i) => {
      const parent = kinds.get(above.slice(0, i + 1).join("/"));
      return parent !== undefined && parent.type !== "directory";
    });
    const isNew = isRoot || !kinds.has(path);
    const target = item.type === "hardlink" ? kinds.get(item.linkname ?? "") : item;
    if (!isNew || isBelowFile || target === undefined) return isRoot;
    if (item.type === "hardlink" && target.type === "directory") return false;
    kinds.set(path, item);
    return true;
  });
}
