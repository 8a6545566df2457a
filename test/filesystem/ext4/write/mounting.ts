import { expect } from "bun:test";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FilesystemName } from "../../../../src/filesystem/kind/kind.ts";
import { runOk } from "../../../support/oracles.ts";
import { unmountImage } from "../../../support/unmount-image.ts";

/** Mounts the image by the kernel, as the type given, while `body` runs. */
export function withMount(
  image: string,
  mode: "ro" | "rw",
  body: (mountPoint: string) => void,
  type: FilesystemName = "ext4",
): void {
  const mountPoint = mkdtempSync(join(tmpdir(), "ext4-mount-"));
  try {
    runOk("mount", ["-t", type, "-o", `loop,${mode},noatime`, image, mountPoint]);
    try {
      body(mountPoint);
    } finally {
      unmountImage(image, mountPoint);
    }
  } finally {
    rmdirSync(mountPoint);
  }
}

/** Fails unless `e2fsck -fn` runs through its passes and says nothing but their names and a summary. */
export function expectSilentCheck(image: string): void {
  const said = runOk("e2fsck", ["-fn", image])
    .split("\n")
    .filter((line) => line !== "" && !/^Pass \d: /.test(line));
  expect(said).toEqual([expect.stringMatching(/^\S+: \d+\/\d+ files \(.*\), \d+\/\d+ blocks$/)]);
}
