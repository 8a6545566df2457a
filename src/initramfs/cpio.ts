/**
 * A cpio archive in the "newc" form, as the kernel unpacks it into its first root filesystem
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Several may follow one another, compressed or not.
 */

export interface CpioFile {
  /** Absolute; bytes, one character each. */
  readonly path: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  pieces(): Iterable<Uint8Array>;
}

/** A character device. */
export interface CpioDevice {
  /** Absolute; bytes, one character each. */
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
const ALIGNMENT = 4;
/** cpio's own blocks: what follows begins on one. */
const BLOCK = 512;

const DIRECTORY = 0o040755;
const EXECUTABLE = 0o100755;
const PLAIN = 0o100644;
const DEVICE = 0o020600;

/** The archive in pieces: each folder before what is in it, devices before files, everything root's, from the epoch. */
export function* cpioArchive(
  files: readonly CpioFile[],
  devices: readonly CpioDevice[] = [],
): Generator<Uint8Array, void> {
  let written = 0;
  let inode = 1;
  const count = (bytes: Uint8Array): Uint8Array => {
    written += bytes.length;
    return bytes;
  };
  for (const path of foldersOf([...files, ...devices])) {
    yield count(header({ ino: inode++, mode: DIRECTORY }, path));
  }
  for (const { path, major, minor } of devices) {
    const fields = { ino: inode++, mode: DEVICE, rdevmajor: major, rdevminor: minor };
    yield count(header(fields, path.slice(1)));
  }
  for (const file of files) {
    const fields = { ino: inode++, mode: file.executable ? EXECUTABLE : PLAIN, filesize: file.size };
    yield count(header(fields, file.path.slice(1)));
    for (const piece of file.pieces()) yield count(piece);
    yield count(padding(file.size, ALIGNMENT));
  }
  yield count(header({}, TRAILER));
  yield padding(written, BLOCK);
}

/** All folders above the files, without a slash in front, parents first. */
function foldersOf(files: readonly { readonly path: string }[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split("/").slice(1, -1);
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join("/"));
  }
  return [...folders].sort();
}

/** struct cpio_newc_header, in the order of its fields. */
const FIELDS = {
  ino: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  nlink: 1,
  mtime: 0,
  filesize: 0,
  devmajor: 0,
  devminor: 0,
  rdevmajor: 0,
  rdevminor: 0,
  namesize: 0,
  check: 0,
};

/** The header, and the name behind it. */
function header(values: Partial<typeof FIELDS>, name: string): Uint8Array {
  const fields = { ...FIELDS, ...values, namesize: name.length + 1 };
  const digits = Object.values(fields).map((value) => value.toString(16).padStart(8, "0").toUpperCase());
  const text = Buffer.from(`${MAGIC}${digits.join("")}${name}\0`, "latin1");
  return Buffer.concat([text, padding(text.length, ALIGNMENT)]);
}

function padding(length: number, alignment: number): Uint8Array {
  return new Uint8Array((alignment - (length % alignment)) % alignment);
}
