import { expect } from "bun:test";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Directory } from "../../../../src/tree/inode.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { run, runOk } from "../../../support/oracles.ts";
import { unmountImage } from "../../../support/unmount-image.ts";
import { expectedView } from "./expected-view.ts";

/** Mounts the image with the kernel's own XFS while `body` runs. */
export function withMount<T>(image: string, mode: "ro" | "rw", body: (mountPoint: string) => T): T {
  const mountPoint = mkdtempSync(join(tmpdir(), "xfs-mount-"));
  try {
    runOk("mount", ["-t", "xfs", "-o", `loop,${mode},noatime,nouuid`, image, mountPoint]);
    try {
      return body(mountPoint);
    } finally {
      unmountImage(image, mountPoint);
    }
  } finally {
    rmdirSync(mountPoint);
  }
}

/** What xfs_repair says of every image in a file: it asks the disk below for its sectors. */
const OF_FILES = [
  "Cannot get host filesystem geometry.",
  "Repair may fail if there is a sector size mismatch between",
  "the image and the host filesystem.",
];

/** Fails unless `xfs_repair -n` and xfs_db go through all of the image and have nothing to say of it. */
export function expectSilentRepair(image: string): void {
  expectNothingToRepair(image);
  const checked = run("xfs_db", ["-r", "-c", "blockget -n", image]);
  expect(checked).toEqual({ status: 0, stdout: "", stderr: "" });
}

/** The same of xfs_repair alone: with a million names in a directory xfs_db takes minutes. */
export function expectNothingToRepair(image: string): void {
  const { status, stdout, stderr } = run("xfs_repair", ["-n", "-f", image]);
  const said = `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => line !== "" && !/^(Phase \d| {8}- |No modify flag set)/.test(line))
    .filter((line) => !OF_FILES.includes(line));
  expect({ status, said }).toEqual({ status: 0, said: [] });
}

/** Fails unless the kernel shows the tree as it is. */
export function expectShown(image: string, root: Directory): void {
  withMount(image, "ro", (mountPoint) =>
    expect(differences(kernelView(mountPoint), expectedView(root))).toEqual([]),
  );
}

/** Fails unless xfs_repair finds nothing, either. */
export function expectAsItIs(image: string, root: Directory): void {
  expectSilentRepair(image);
  expectShown(image, root);
}
