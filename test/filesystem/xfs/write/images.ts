/** Builds XFS images for tests: contents written where the geometry allows, then what emitXfs says. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_SIZE, type Run } from "../../../../src/blocks/blocks.ts";
import { emitXfs } from "../../../../src/filesystem/xfs/write/emit.ts";
import { reservedRunAfter } from "../../../../src/filesystem/xfs/write/geometry.ts";
import { planXfs, type XfsOptions, type XfsPlan } from "../../../../src/filesystem/xfs/write/plan.ts";
import type { Directory, Extent, Metadata, RegularFile } from "../../../../src/tree/inode.ts";
import { finished } from "../../../../src/waiting/steps.ts";
import { metadata, TIME } from "../../ext4/write/images.ts";

export const OPTIONS: XfsOptions = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  label: "rootfs",
  time: TIME,
  size: { kind: "auto" },
  log: "auto",
  readOnly: false,
  lostAndFound: false,
};

let made = 0;

/** A UUID that no other image of this process has: two with one cannot be mounted at the same time. */
function ownUuid(): Uint8Array {
  const uuid = new Uint8Array(16);
  new DataView(uuid.buffer).setUint32(0, process.pid);
  new DataView(uuid.buffer).setUint32(12, ++made);
  return uuid;
}

/** An image in the making: a sparse file that contents go to first. */
export class Image {
  readonly path: string;
  readonly uuid = ownUuid();
  readonly written: Run[] = [];
  /** Where the next contents go. */
  next = 0;
  readonly #folder: string;
  readonly #fd: number;

  constructor(folder = tmpdir()) {
    this.#folder = mkdtempSync(join(folder, "xfs-test-"));
    this.path = join(this.#folder, "image.xfs");
    this.#fd = openSync(this.path, "w+");
  }

  /** A run of `length` blocks for contents at the cursor, or shorter where something must stay free. */
  allocate(length: number): Run {
    let reserved = reservedRunAfter(this.next);
    while (reserved.start <= this.next) {
      this.next = reserved.start + reserved.length;
      reserved = reservedRunAfter(this.next);
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

  /** Settles a filesystem and writes nothing. */
  plan(root: Directory, options: Partial<XfsOptions> = {}): XfsPlan {
    const contents = { end: this.next, written: this.written };
    return finished(planXfs(root, contents, { ...OPTIONS, uuid: this.uuid, ...options }));
  }

  /** Plans the filesystem, moves contents as it wants, and writes what is around them. */
  finish(root: Directory, options: Partial<XfsOptions> = {}): XfsPlan {
    const plan = this.plan(root, options);
    for (const { from, to, length } of plan.placement.moves) this.#copy(from, to, length);
    this.emit(plan);
    return plan;
  }

  /** Writes what is around the contents. */
  emit(plan: XfsPlan): void {
    for (const { position, bytes } of emitXfs(plan)) writeSync(this.#fd, bytes, 0, bytes.length, position);
    ftruncateSync(this.#fd, plan.blocks * BLOCK_SIZE);
  }

  remove(): void {
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs `body` with an image, in a folder of its own in `folder`, and removes that afterwards. */
export function withImage<T>(body: (image: Image) => T, folder?: string): T {
  const image = new Image(folder);
  try {
    return body(image);
  } finally {
    image.remove();
  }
}
