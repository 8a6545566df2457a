/** What lies at a path that does not say so itself, by what is in it. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { holdsFilesystem } from "../filesystem/open.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import { archiveKind } from "../source/archive-kind.ts";

/** What was found, as a source is named, and in words. */
export interface Recognised {
  readonly source: string;
  readonly what: string;
}

const WORDS = {
  "oci-archive": "an image in an archive",
  "docker-archive": "an image as docker save writes it",
  "rootfs-tar": "a tar of files without an image",
} as const;

/** Throws E_USAGE for what is no source, with the command that takes it, and E_IO for what cannot be read. */
export async function recognise(path: string): Promise<Recognised> {
  const found = statSync(path);
  if (found.isDirectory()) return folder(path);
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

function folder(path: string): Recognised {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (has("oci-layout") || has("index.json"))
    return { source: `oci:${path}`, what: "a folder in OCI layout" };
  const image = ["rootfs.ext4", "rootfs.erofs", "rootfs.xfs"].find(has);
  if (has("meta.json") && image !== undefined) {
    throw refused(path, "is what convert has made", `to make it anew, write image:${join(path, image)}`);
  }
  if (has("config.json") && has("rootfs")) {
    throw refused(path, "is a bundle for container runtimes", `write dir:${join(path, "rootfs")}`);
  }
  const files = ["Dockerfile", "Containerfile"].find(has);
  if (files !== undefined) {
    const file = files === "Dockerfile" ? "" : ` --file ${join(path, files)}`;
    throw refused(
      path,
      "is a folder that an image is built of",
      `build it: docker2vm dockerfile --context ${path}${file} --out DIR; if its files are to be the image's, write dir:${path}`,
    );
  }
  return { source: `dir:${path}`, what: "a folder of files without an image" };
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

function refused(path: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${path} ${what}`, { hint });
}
