/** An initramfs as the kernel takes it: a gzipped cpio archive, newc (kernel, Documentation/driver-api/early-userspace). */
import { gzipSync } from "node:zlib";

export interface InitramfsFile {
  /** Without a slash in front; the folders above it come before it. */
  readonly path: string;
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly data?: Uint8Array | string;
}

export function initramfs(files: readonly InitramfsFile[]): Buffer {
  const records = [...files, { path: "TRAILER!!!", mode: 0 }].map(record);
  return gzipSync(Buffer.concat(records));
}

function record({ path, mode, data = "" }: InitramfsFile, index: number): Buffer {
  const body = Buffer.from(data);
  const name = Buffer.from(`${path}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [index + 1, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, name.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(head), name])), padded(body)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
