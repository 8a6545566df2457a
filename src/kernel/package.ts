/** Packages of kernels: Debian's (.deb, an ar with tars in it) and Alpine's (.apk, tars in gzip behind one another). */

import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { sniffForeign } from "../inflate/foreign.ts";
import { readAt, readRange } from "../source/file-reading.ts";
import { readSparse } from "../source/sparse-reading.ts";
import { type SpooledFile, spool } from "../source/spool.ts";
import { indexTar } from "../tar/archive-index.ts";
import { isKernelPath, type KernelFiles } from "./files.ts";
import { AR_FMAG, AR_HEADER, AR_HEADER_SIZE, AR_MAGIC } from "./format/ar.ts";
import { damaged, tooLarge, unsuitable } from "./kernel-error.ts";
import { checkSize } from "./whole-file.ts";
import { unxz } from "./xz.ts";

const SCRATCH_ELSEWHERE = "TMPDIR names another folder";
const UNPACK = "unpack the package and name the folder: dpkg-deb --extract PACKAGE DIR";

/** What a package holds is far less: kernels with what debuggers want have 6 GiB. */
const USUAL_BYTES = 16 * 2 ** 30;

export interface PackageReading {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of what a package holds, uncompressed, which is kept on the disk meanwhile; 16 GiB if absent. */
  readonly maxBytes?: number | undefined;
}

/** Throws E_UNSUPPORTED where it is no whole package, and E_LIMIT where it holds too much. */
export async function openDebianPackage(path: string, reading: PackageReading): Promise<KernelFiles> {
  const file = await open(path, "r");
  try {
    const { offset, size } = await dataMember(file.fd, path, (await file.stat()).size);
    const head = await readAt(file.fd, offset, 16, path);
    const stored = readRange(file.fd, offset, size, path, reading.signal);
    const compression = sniffForeign(head);
    if (compression === "bzip2") throw unsuitable(path, "it is compressed with bzip2", UNPACK);
    const data = compression === "xz" ? unxz(stored, path, UNPACK) : stored;
    return await openTar(data, path, reading);
  } finally {
    await file.close();
  }
}

/** Throws E_UNSUPPORTED and E_BAD_ARCHIVE where it is no whole package, and E_LIMIT where it holds too much. */
export async function openAlpinePackage(path: string, reading: PackageReading): Promise<KernelFiles> {
  const file = await open(path, "r");
  try {
    const stored = readRange(file.fd, 0, (await file.stat()).size, path, reading.signal);
    return await openTar(stored, path, reading);
  } finally {
    await file.close();
  }
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

/** Where data.tar, however it is compressed, lies in a package. */
async function dataMember(fd: number, path: string, size: number): Promise<Place> {
  for (let at = AR_MAGIC.length; at + AR_HEADER_SIZE <= size; ) {
    const header = Buffer.from(await readAt(fd, at, AR_HEADER_SIZE, path)).toString("latin1");
    const field = (name: keyof typeof AR_HEADER): string =>
      header.slice(AR_HEADER[name].offset, AR_HEADER[name].offset + AR_HEADER[name].width).trimEnd();
    // Ten digits at most; one that is negative would lead back to where it stands.
    const length = /^\d+$/.test(field("ar_size")) ? Number(field("ar_size")) : Number.NaN;
    const offset = at + AR_HEADER_SIZE;
    if (!header.endsWith(AR_FMAG) || !(offset + length <= size)) break;
    if (field("ar_name").startsWith("data.tar")) return { offset, size: length };
    // Members begin at even bytes.
    at = offset + length + (length % 2);
  }
  throw damaged(path, new Error("it has no whole data.tar"));
}

async function openTar(
  data: AsyncIterable<Uint8Array>,
  where: string,
  { signal, maxBytes = USUAL_BYTES }: PackageReading,
): Promise<KernelFiles> {
  const spooled = await spool(data, where, {
    scratchFolder: tmpdir(),
    scratchElsewhere: SCRATCH_ELSEWHERE,
    signal,
    onSpool: (bytes) => {
      if (bytes > maxBytes) throw tooLarge(where, maxBytes);
    },
  });
  try {
    return await tarFiles(spooled, where);
  } catch (error) {
    await spooled.file.close();
    throw error;
  }
}

async function tarFiles({ file, size }: SpooledFile, where: string): Promise<KernelFiles> {
  const read = (position: number, length: number) => readAt(file.fd, position, length, where);
  const { entries } = await indexTar(read, size, where);
  const paths = [...entries].filter(([path, { type }]) => type === "file" && isKernelPath(path));
  return {
    where,
    paths: paths.map(([path]) => path).sort(),
    onDisk: () => undefined,
    read: async (path) => {
      const entry = entries.get(path);
      if (entry === undefined) throw damaged(where, new Error(`it has no ${path}`));
      checkSize(entry.size, `${where}: ${path}`);
      const pieces: Uint8Array[] = [];
      for await (const piece of readSparse(file.fd, entry, where)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    close: () => file.close(),
  };
}
