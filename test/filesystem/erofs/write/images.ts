/** Builds EROFS images for tests: contents first, as a conversion brings them, then what is around them. */
import { expect } from "bun:test";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_SIZE } from "../../../../src/blocks/blocks.ts";
import { batchPacker } from "../../../../src/filesystem/erofs/write/pack-batch.ts";
import { prepareErofs } from "../../../../src/filesystem/erofs/write/prepare.ts";
import type { FileWriter } from "../../../../src/filesystem/kind/file-writer.ts";
import type {
  FilesystemIdentity,
  FilesystemPlan,
  PreparedFilesystem,
} from "../../../../src/filesystem/kind/kind.ts";
import type { Packer, Packing } from "../../../../src/filesystem/kind/packing.ts";
import { BlockSupply } from "../../../../src/output/block-supply.ts";
import { immediateSink } from "../../../../src/output/stages.ts";
import type { Directory, Metadata, RegularFile, Timestamp } from "../../../../src/tree/inode.ts";
import { placedFile } from "../../../../src/tree/placed-file.ts";
import { finished } from "../../../../src/waiting/steps.ts";
import { metadata, TIME } from "../../ext4/write/images.ts";
import { withMount } from "../../ext4/write/mounting.ts";
import type { TreeImage } from "../../ext4/write/random-trees.ts";

export const IDENTITY: FilesystemIdentity = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  hashSeed: new Uint8Array(16).fill(7),
  label: "rootfs",
  time: TIME,
};

/** A part of a file, from byte `offset` on. */
export interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface ImageOptions {
  /** How contents are cut into chunks, in bytes. */
  readonly cut?: number | undefined;
  /** Where the image is to be; in a folder of its own if absent. */
  readonly path?: string | undefined;
  readonly packing?: Packing | undefined;
  /** Whether others have blocks between any two arenas. */
  readonly apart?: boolean;
}

/** An image in the making: a sparse file that contents go to first. */
export class ErofsImage implements TreeImage {
  readonly path: string;
  readonly #folder: string | undefined;
  readonly #fd: number;
  readonly #prepared: PreparedFilesystem;
  readonly #supply: BlockSupply;
  readonly #writer: FileWriter;

  /** How contents are cut into chunks, in bytes. */
  readonly #cut: number;
  readonly #apart: boolean;

  constructor({ cut = 1 << 20, path, packing, apart = false }: ImageOptions = {}) {
    this.#cut = cut;
    this.#apart = apart;
    this.#prepared = prepareErofs(packing);
    this.#supply = new BlockSupply(this.#prepared.space);
    this.#folder = path === undefined ? mkdtempSync(join(tmpdir(), "erofs-test-")) : undefined;
    this.path = path ?? join(this.#folder ?? "", "image.erofs");
    this.#fd = openSync(this.path, "w+");
    this.#writer = this.#prepared.fileWriter(
      immediateSink((position, bytes) => this.#write(position, bytes)),
      packing === undefined ? undefined : packerHere(packing),
    );
  }

  file(bytes: Uint8Array | string, changes: Partial<Metadata> = {}): RegularFile {
    const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    return this.sparse(data.length, data.length === 0 ? [] : [{ offset: 0, bytes: data }], changes);
  }

  /** A file of so many blocks, with as many holes between them. */
  scattered(count: number, changes: Partial<Metadata> = {}): RegularFile {
    const parts = Array.from({ length: count }, (_, i) => {
      const bytes = Buffer.alloc(BLOCK_SIZE);
      bytes.write(`block ${i} of the file`);
      return { offset: 2 * i * BLOCK_SIZE, bytes };
    });
    return this.sparse(2 * count * BLOCK_SIZE, parts, changes);
  }

  /** A file of `size` bytes; what no part has is a hole. */
  sparse(size: number, parts: readonly Part[], changes: Partial<Metadata> = {}): RegularFile {
    return this.store(size, parts, metadata(changes));
  }

  store(size: number, parts: readonly Part[], own: Metadata): RegularFile {
    const writer = this.#writer;
    const stored = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    writer.begin({ size, stored, metadata: own });
    for (const { offset, bytes } of parts) {
      writer.seek(offset);
      for (let at = 0; at < bytes.length; at += this.#cut) this.#feed(bytes.subarray(at, at + this.#cut));
    }
    for (let place = writer.end(); ; place = writer.end()) {
      if (place !== undefined) return placedFile(own, size, place);
      this.#addArena();
    }
  }

  #feed(bytes: Uint8Array): void {
    const writer = this.#writer;
    for (let at = writer.write(bytes); at < bytes.length; at += writer.write(bytes.subarray(at))) {
      this.#addArena();
    }
  }

  #addArena(): void {
    const least = this.#writer.wanted;
    this.#writer.addArena(this.#supply.take(Math.max(64, least), least));
    if (this.#apart) this.#supply.take(1, 1);
  }

  /** Plans the filesystem, moves contents as it wants, and writes what is around them. */
  finish(root: Directory, identity: Partial<FilesystemIdentity> = {}): FilesystemPlan {
    while (!this.#writer.flush()) this.#addArena();
    const contents = { end: this.#supply.end, written: this.#writer.written };
    const plan = finished(this.#prepared.plan(root, contents, { ...IDENTITY, ...identity }));
    for (const { to, parts } of plan.gathers ?? []) {
      const block = Buffer.alloc(BLOCK_SIZE);
      for (const { from, offset, length } of parts) {
        expect(readSync(this.#fd, block, offset, length, from)).toBe(length);
      }
      this.#write(to * BLOCK_SIZE, block);
    }
    for (const moves of [plan.vacating ?? [], plan.moves]) {
      for (const { from, to, length } of moves) this.#copy(from, to, length);
    }
    ftruncateSync(this.#fd, plan.blocks * BLOCK_SIZE);
    for (const { position, bytes } of plan.emit()) this.#write(position, bytes);
    return plan;
  }

  #write(position: number, bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, position);
  }

  #copy(from: number, to: number, length: number): void {
    const bytes = Buffer.alloc(length * BLOCK_SIZE);
    expect(readSync(this.#fd, bytes, 0, bytes.length, from * BLOCK_SIZE)).toBe(bytes.length);
    this.#write(to * BLOCK_SIZE, bytes);
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    rmSync(this.#folder ?? this.path, { recursive: true });
  }
}

/** Packs at once. */
function packerHere(packing: Packing): Packer {
  const pack = batchPacker(packing);
  return {
    memory: (bytes) => new ArrayBuffer(bytes),
    pack: (memory) => {
      pack(memory);
      return undefined;
    },
  };
}

/** Runs `body` with an image and removes that afterwards. */
export function withErofs<T>(body: (image: ErofsImage) => T, options?: ImageOptions): T {
  const image = new ErofsImage(options);
  try {
    return body(image);
  } finally {
    image.remove();
  }
}

/** Hands over the image as the kernel mounts it. */
export function withErofsMount(image: string, body: (mountPoint: string) => void): void {
  withMount(image, "ro", body, "erofs");
}

/** All of a time, in nanoseconds. */
export function wholeTime({ seconds, nanoseconds }: Timestamp): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
