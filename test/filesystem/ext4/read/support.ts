/** Images of other writers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ext4Filesystem } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { runOk } from "../../../support/oracles.ts";
import { openFilesystem } from "./unpaused.ts";

/** Runs `body` with a new folder and removes that afterwards. */
export function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "ext4-reader-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `body` with the filesystem in a file. */
export function withFilesystem<T>(path: string, body: (filesystem: Ext4Filesystem) => T): T {
  const image = new ImageFile(path);
  try {
    return body(openFilesystem(image));
  } finally {
    image.close();
  }
}

/** Makes an image with mke2fs; `source` is copied into it. */
export function makeForeign(path: string, size: string, options: readonly string[], source?: string): void {
  writeFileSync(path, "");
  runOk("truncate", ["-s", size, path]);
  const copied = source === undefined ? [] : ["-d", source];
  runOk("mke2fs", ["-q", "-F", ...options, ...copied, path]);
}
