/** An image of another writer, read through this project's format tables. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, type Structure, type Values, viewOf } from "../../../../src/blocks/field.ts";
import { GROUP_DESCRIPTOR } from "../../../../src/filesystem/ext4/format/group-descriptor.ts";
import { INODE } from "../../../../src/filesystem/ext4/format/inode.ts";
import { SUPERBLOCK } from "../../../../src/filesystem/ext4/format/superblock.ts";
import { runOk } from "../../../support/oracles.ts";

/** An image of 64 MiB as mke2fs makes it with this project's features. */
export function withForeignImage(body: (image: ForeignImage) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ext4-format-"));
  const path = join(folder, "image");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 26);
  runOk("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "4096", "-L", "foreign", "-O", FEATURES, path]);
  const image = new ForeignImage(path);
  try {
    body(image);
  } finally {
    image.close();
    rmSync(folder, { recursive: true });
  }
}

const FEATURES = "64bit,metadata_csum,^resize_inode,^orphan_file,^metadata_csum_seed";

export class ForeignImage {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "r");
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#fd, bytes, 0, length, position);
    return bytes;
  }

  block(number: number): Buffer {
    return this.read(number * 4096, 4096);
  }

  superblock(): Values<typeof SUPERBLOCK> {
    return this.decode(SUPERBLOCK, 1024);
  }

  decode<S extends Structure>(structure: S, position: number): Values<S> {
    return decode(structure, viewOf(this.read(position, 1024)), 0);
  }

  descriptor(): Values<typeof GROUP_DESCRIPTOR> {
    return this.decode(GROUP_DESCRIPTOR, 4096);
  }

  inodePosition(number: number): number {
    return this.descriptor().bg_inode_table_lo * 4096 + (number - 1) * 256;
  }

  inode(number: number): Values<typeof INODE> {
    return this.decode(INODE, this.inodePosition(number));
  }

  dumpe2fs(name: string): string {
    const said = runOk("dumpe2fs", [this.path]);
    return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(said)?.[1] ?? "";
  }

  debugfs(request: string): string {
    return runOk("debugfs", ["-R", request, this.path]);
  }

  /** The block of the image that holds this block of the file. */
  map(file: string, block: number): number {
    return Number(this.debugfs(`bmap ${file} ${block}`));
  }

  close(): void {
    closeSync(this.#fd);
  }
}
