/** Images of mkfs.erofs, and any image as the reader has it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ErofsFilesystem, openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import { verify as verifySteps } from "../../../../src/filesystem/erofs/read/verify/verify.ts";
import { ImageFile, type ImageReader } from "../../../../src/filesystem/reading/image.ts";
import { finished } from "../../../../src/waiting/steps.ts";
import { runOk } from "../../../support/oracles.ts";
import { fillSource } from "../../reading/fill-source.ts";

/** Runs `body` with a new folder and removes that afterwards. */
export function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "erofs-reader-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `body` with the filesystem in a file. */
export function withFilesystem<T>(path: string, body: (filesystem: ErofsFilesystem) => T): T {
  const image = new ImageFile(path);
  try {
    return body(openErofs(image));
  } finally {
    image.close();
  }
}

export function verify(image: ImageReader) {
  return finished(verifySteps(image));
}

export function verifyFile(path: string) {
  const image = new ImageFile(path);
  try {
    return verify(image);
  } finally {
    image.close();
  }
}

export function makeErofs(path: string, options: readonly string[], source: string): void {
  runOk("mkfs.erofs", ["--quiet", ...options, path, source]);
}

/** A source with every kind of file, and beside them what compresses well, hardly and in part. */
export function fillLarge(folder: string): void {
  mkdirSync(folder);
  fillSource(folder);
  writeFileSync(join(folder, "text"), text(600_000));
  writeFileSync(join(folder, "noise"), noise(300_000));
  writeFileSync(join(folder, "zeros"), Buffer.alloc(500_001));
  writeFileSync(join(folder, "mixed"), Buffer.concat([text(70_000), noise(50_000), text(90_001)]));
  // Ends everywhere in a block, and indexes of every length.
  for (let i = 0; i < 40; i++) writeFileSync(join(folder, `text-${i}`), text(4096 * i + 97 * i));
}

/** An image of a small source, as bytes. */
export function smallErofs(options: readonly string[]): Uint8Array {
  return withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "many"), { recursive: true });
    mkdirSync(join(source, "folder/deeper"), { recursive: true });
    // More than a block of names.
    for (let i = 0; i < 45; i++) writeFileSync(join(source, "many", `entry-${"n".repeat(90)}-${i}`), `${i}`);
    writeFileSync(join(source, "folder/text"), text(90_000));
    writeFileSync(join(source, "folder/deeper/noise"), noise(9000));
    runOk("setfattr", ["-n", "user.name", "-v", "value", join(source, "folder/text")]);
    runOk("setfattr", ["-n", "user.name", "-v", "value", join(source, "many")]);
    runOk("setfattr", ["-n", "user.name", "-v", "value", join(source, "folder/deeper/noise")]);
    runOk("ln", ["-s", "folder/deeper", join(source, "link")]);
    runOk("ln", [join(source, "folder/text"), join(source, "again")]);
    runOk("mknod", [join(source, "null"), "c", "1", "3"]);
    const path = join(folder, "image");
    makeErofs(path, options, source);
    return new Uint8Array(readFileSync(path));
  });
}

/** Words of which no two sentences are the same. */
export function text(length: number): Buffer {
  const words = ["block", "inode", "cluster", "extent", "image", "layer", "kernel", "mount"];
  const lines: string[] = [];
  let state = 1;
  for (let size = 0; size < length; size += lines.at(-1)?.length ?? 0) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    lines.push(`${words[state >>> 29]} ${state >>> 20} of ${words[(state >>> 26) & 7]};`);
  }
  return Buffer.from(lines.join("")).subarray(0, length);
}

/** Bytes that nothing compresses, the same each time. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
