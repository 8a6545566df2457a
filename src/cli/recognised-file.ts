/** What a file is that does not say so itself, by what is in it. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { holdsFilesystem } from "../filesystem/open.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import { archiveKind } from "../source/archive-kind.ts";
import { type Recognised, refused } from "./recognised.ts";

const WORDS = {
  "oci-archive": "an image in an archive",
  "docker-archive": "an image as docker save writes it",
  "rootfs-tar": "a tar of files without an image",
} as const;

/** Throws E_USAGE for what is no source, with the command that takes it, and E_IO for what cannot be read. */
export async function recogniseFile(path: string): Promise<Recognised> {
  const found = statSync(path);
  if (!found.isFile()) {
    throw refused(
      path,
      "is no file that can be looked into",
      `write docker-archive:${path}, rootfs-tar:${path} or -`,
    );
  }
  if (found.size === 0) {
    throw refused(
      path,
      "is empty",
      "did what was to write it fail? docker save IMAGE > FILE writes an image",
    );
  }
  const image = new ImageFile(path);
  try {
    if (holdsFilesystem(image)) return { source: `image:${path}`, what: "the image of a filesystem" };
  } finally {
    image.close();
  }
  const { kind, compression } = await archiveKind(path);
  if (kind !== undefined) return { source: `${kind}:${path}`, what: WORDS[kind] };
  if (compression !== "none") {
    throw refused(
      path,
      `is compressed with ${compression}`,
      `decompress it first: ${decompression(compression)} ${path}`,
    );
  }
  return refuse(path);
}

function decompression(compression: string): string {
  return compression === "zstd" ? "zstd -d" : `${compression} -d`;
}

/** Files that people have for images, by how they begin, and what to do with each. */
const OTHERS: readonly (readonly [begin: RegExp, what: string, hint: (path: string) => string])[] = [
  [
    /^QFI\xfb/,
    "is a disk in qcow2",
    (path) => `qemu-img convert -O raw ${path} disk.raw makes it readable: image:disk.raw`,
  ],
  [/^hsqs/, "is a squashfs", (path) => `unsquashfs -d DIR ${path}, and write dir:DIR`],
  [
    /^0707(01|02|07)/,
    "is a cpio archive",
    (path) => `unpack it: cpio -idm -D DIR < ${path}, and write dir:DIR`,
  ],
  [/^.{510}\x55\xaa/s, "is a disk with partitions", () => "copy the partition out, and write image:FILE"],
];

const HEAD = 512;

function refuse(path: string): never {
  const head = headOf(path);
  const isDockerfile =
    /dockerfile|containerfile/i.test(basename(path)) || /^\s*(#[^\n]*\n\s*)*FROM\s/i.test(head);
  if (isDockerfile) {
    throw refused(path, "is a Dockerfile", `build it: docker2vm dockerfile --file ${path} --out DIR`);
  }
  const other = OTHERS.find(([begin]) => begin.test(head));
  if (other !== undefined) throw refused(path, other[1], other[2](path));
  throw refused(
    path,
    "is neither an archive nor the image of a filesystem that is known here",
    "docker save IMAGE > FILE writes an image; ext2 to 4, EROFS and XFS are known",
  );
}

/** One character for each byte. */
function headOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(HEAD);
    return head.toString("latin1", 0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}
