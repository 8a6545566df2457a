/** What a superblock says of its filesystem, for printing: what all kinds have. */

import type { Timestamp } from "../../tree/inode.ts";

/** What is told of every kind; sizes are bytes. */
export interface FilesystemFacts {
  /** The kind, as mount -t knows it. */
  readonly type: string;
  /** 8-4-4-4-12 hexadecimal digits. */
  readonly uuid: string;
  /** Bytes, one character each. */
  readonly label: string;
  /** By the names that the kind's own tools use. */
  readonly features: readonly string[];
  /** Whether it was unmounted properly and no error was found in it. */
  readonly clean: boolean;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of the whole. */
  readonly size: number;
  /** Bytes of its free blocks. */
  readonly free: number;
  readonly inodes: number;
  /** Undefined where nothing says it. */
  readonly created: Timestamp | undefined;
}

/** The bytes up to the first NUL, one character each. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").split("\0")[0] ?? "";
}

/** 16 bytes as 8-4-4-4-12 hexadecimal digits. */
export function uuidText(uuid: Uint8Array): string {
  return Buffer.from(uuid)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
