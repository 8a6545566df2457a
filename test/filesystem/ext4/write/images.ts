/** Builds filesystems for tests: contents written where the geometry allows, then what emitExt4 says. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_SIZE, type Run } from "../../../../src/blocks/blocks.ts";
import { emitExt4 } from "../../../../src/filesystem/ext4/write/emit.ts";
import {
  type Geometry,
  geometryFor,
  reservedRunAfter,
} from "../../../../src/filesystem/ext4/write/geometry.ts";
import {
  type Ext4Options,
  type Ext4Plan,
  planExt4 as planSteps,
} from "../../../../src/filesystem/ext4/write/plan.ts";
import type { VariantName } from "../../../../src/filesystem/ext4/write/variant.ts";
import type { SizeChoice } from "../../../../src/filesystem/kind/size.ts";
import type {
  DeviceNode,
  Directory,
  Extent,
  Inode,
  Metadata,
  RegularFile,
  SpecialFile,
  Symlink,
  Timestamp,
  Xattr,
} from "../../../../src/tree/inode.ts";
import { finished } from "../../../../src/waiting/steps.ts";

/** Without pauses. */
export function planExt4(...given: Parameters<typeof planSteps>): Ext4Plan {
  return finished(planSteps(...given));
}

export const MIB = 2 ** 20 / BLOCK_SIZE;
export const TIME: Timestamp = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };

export const OPTIONS: Ext4Options = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  hashSeed: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i),
  label: "rootfs",
  time: TIME,
  size: { kind: "auto" },
  journal: "auto",
  readOnly: false,
  lostAndFound: true,
};

/** A size of so many blocks. */
export function fixed(blocks: number): SizeChoice {
  return { kind: "fixed", blocks };
}

export function metadata(changes: Partial<Metadata> = {}): Metadata {
  return { mode: 0o644, uid: 0, gid: 0, mtime: TIME, atime: TIME, ctime: TIME, xattrs: [], ...changes };
}

export function xattr(name: string, value: string | Uint8Array): Xattr {
  return { name, value: typeof value === "string" ? Buffer.from(value, "latin1") : value };
}

export function directory(
  entries: Readonly<Record<string, Inode>> = {},
  changes: Partial<Metadata> = {},
): Directory {
  return directoryOf(new Map(Object.entries(entries)), changes);
}

export function directoryOf(entries: Map<string, Inode>, changes: Partial<Metadata> = {}): Directory {
  return { type: "directory", metadata: metadata({ mode: 0o755, ...changes }), entries };
}

export function emptyFile(changes: Partial<Metadata> = {}): RegularFile {
  return { type: "file", metadata: metadata(changes), size: 0, extents: [] };
}

export function symlink(target: string, changes: Partial<Metadata> = {}): Symlink {
  return { type: "symlink", metadata: metadata({ mode: 0o777, ...changes }), target };
}

export function device(type: DeviceNode["type"], major: number, minor: number): DeviceNode {
  return { type, metadata: metadata({ mode: 0o600 }), major, minor };
}

export function special(type: SpecialFile["type"]): SpecialFile {
  return { type, metadata: metadata({ mode: 0o640 }) };
}

/** An image in the making: a sparse file that contents go to first. */
export class Image {
  readonly geometry: Geometry;
  readonly path: string;
  readonly written: Run[] = [];
  /** Where the next contents go. */
  next = 0;
  readonly #folder: string;
  readonly #fd: number;

  constructor(maximumBlocks = 1024 * MIB, format: VariantName = "ext4", folder = tmpdir()) {
    this.#folder = mkdtempSync(join(folder, "ext4-test-"));
    this.geometry = geometryFor(maximumBlocks, format);
    this.path = join(this.#folder, "image.ext4");
    this.#fd = openSync(this.path, "w+");
  }

  /** A run of `length` blocks for contents at the cursor, or shorter where something must stay free. */
  allocate(length: number): Run {
    let reserved = reservedRunAfter(this.geometry, this.next);
    while (reserved.start <= this.next) {
      this.next = reserved.start + reserved.length;
      reserved = reservedRunAfter(this.geometry, this.next);
    }
    const run = { start: this.next, length: Math.min(length, reserved.start - this.next) };
    this.next += run.length;
    this.written.push(run);
    return run;
  }

  /** A file with these bytes, as contiguous as can be. */
  file(bytes: Uint8Array | string, changes: Partial<Metadata> = {}): RegularFile {
    const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    const extents: Extent[] = [];
    const blocks = Math.ceil(data.length / BLOCK_SIZE);
    for (let logical = 0; logical < blocks; ) {
      const run = this.allocate(blocks - logical);
      this.write(run.start, data.subarray(logical * BLOCK_SIZE, (logical + run.length) * BLOCK_SIZE));
      extents.push({ logical, physical: run.start, length: run.length });
      logical += run.length;
    }
    return { type: "file", metadata: metadata(changes), size: data.length, extents };
  }

  /** A file of so many extents of one block each: every second block of the image and of the file. */
  scattered(count: number, changes: Partial<Metadata> = {}): RegularFile {
    const extents: Extent[] = [];
    for (let i = 0; i < count; i++) {
      const { start } = this.allocate(1);
      this.next++;
      this.write(start, Buffer.from(`block ${i} of the file`));
      extents.push({ logical: 2 * i, physical: start, length: 1 });
    }
    return { type: "file", metadata: metadata(changes), size: 2 * count * BLOCK_SIZE, extents };
  }

  write(block: number, bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, block * BLOCK_SIZE);
  }

  /** Where the same is there already nothing is written: a hole that moves into a hole stays one. */
  #copy(from: number, to: number, length: number): void {
    const bytes = this.#read(from, length);
    if (!bytes.equals(this.#read(to, length))) this.write(to, bytes);
  }

  #read(block: number, length: number): Buffer {
    const bytes = Buffer.alloc(length * BLOCK_SIZE);
    readSync(this.#fd, bytes, 0, bytes.length, block * BLOCK_SIZE);
    return bytes;
  }

  /** Plans the filesystem, moves contents as it wants, and writes what is around them. */
  finish(root: Directory, options: Partial<Ext4Options> = {}): Ext4Plan {
    const contents = { geometry: this.geometry, end: this.next, written: this.written };
    const plan = planExt4(root, contents, { ...OPTIONS, ...options });
    for (const { from, to, length } of plan.placement.moves) this.#copy(from, to, length);
    for (const { position, bytes } of emitExt4(plan)) writeSync(this.#fd, bytes, 0, bytes.length, position);
    ftruncateSync(this.#fd, plan.blocks * BLOCK_SIZE);
    return plan;
  }

  remove(): void {
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs `body` with an image, in a folder of its own in `folder`, and removes that afterwards. */
export function withImage<T>(
  body: (image: Image) => T,
  maximumBlocks?: number,
  format?: VariantName,
  folder?: string,
): T {
  const image = new Image(maximumBlocks, format, folder);
  try {
    return body(image);
  } finally {
    image.remove();
  }
}
