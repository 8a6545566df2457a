/** A folder for what several files of tests use and none changes: made by the first that asks, removed behind the last. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | undefined;

export function runFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), "docker2vm-tests-"));
  return folder;
}

/** When all tests have run (preload.ts). */
export function removeRunFolder(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}
