import { expect } from "bun:test";
import type { FilesystemIdentity, FilesystemPlan } from "../../../../src/filesystem/kind/kind.ts";
import type { Directory, Metadata, RegularFile } from "../../../../src/tree/inode.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { expectCleanFilesystem } from "../../../support/oracles.ts";
import { expectedView, holding } from "../../ext4/write/random-trees.ts";
import { type ErofsImage, wholeTime, withErofsMount } from "./images.ts";

/** A file of the image with so many bytes, of which no two kilobytes are the same. */
export function fileOf(image: ErofsImage, size: number, changes: Partial<Metadata> = {}): RegularFile {
  const bytes = Buffer.alloc(size, 0x61);
  for (let at = 0; at + 12 <= size; at += 1024) bytes.write(`${size}/${at}`.slice(-12), at);
  return holding(image.file(bytes, changes), bytes);
}

/** Makes the filesystem of the tree: fsck.erofs is silent and the kernel shows each path as it is there. */
export function expectShown(
  image: ErofsImage,
  root: Directory,
  identity: Partial<FilesystemIdentity> = {},
): FilesystemPlan {
  const plan = image.finish(root, identity);
  expectCleanFilesystem(image.path);
  withErofsMount(image.path, (folder) =>
    expect(differences(kernelView(folder), expectedView(root, wholeTime))).toEqual([]),
  );
  return plan;
}
