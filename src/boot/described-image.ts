/** An image that a conversion has made, as its meta.json describes it. */
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageMetadata, METADATA_NAME } from "../convert/meta.ts";
import { WRITABLE_NAMES } from "../convert/writable-disk-request.ts";
import { Docker2vmError, isAbsence, reasonOf, systemErrorCode } from "../errors.ts";
import { FILESYSTEM_NAMES } from "../filesystem/kind/kind.ts";
import { whyUnreadable } from "../system-errors.ts";
import { type FoundImage, INIT } from "./found-image.ts";

/** Throws E_IMAGE_NOT_FOUND where there is none, E_UNSUPPORTED for one that this program does not boot. */
export async function readDescribedFolder(folder: string): Promise<FoundImage> {
  const path = join(folder, METADATA_NAME);
  const metadata = parse(await readText(folder, path), path);
  const { type } = metadata.filesystem;
  const image = join(folder, `rootfs.${type.startsWith("ext") ? "ext4" : type}`);
  await checkImage(image);
  const { writableDisk } = metadata;
  return {
    ...described(metadata, image, path),
    writableDisk: writableDisk && join(folder, writableDisk.file),
  };
}

/** Of an image's file with its description beside it; undefined without. Throws E_UNSUPPORTED and E_IO. */
export async function describedFile(image: string): Promise<FoundImage | undefined> {
  const path = `${image}.${METADATA_NAME}`;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    throw unreadable(path, cause);
  }
  return described(parse(text, path), image, path);
}

function described(
  { platform, profile, filesystem, injection }: Needed,
  image: string,
  path: string,
): FoundImage {
  const architecture = platform.split("/")[1];
  if (architecture !== "amd64" && architecture !== "arm64") {
    throw new Docker2vmError("E_UNSUPPORTED", `${path}: the image is for ${platform}`, {
      hint: "machines for linux/amd64 and linux/arm64 can be booted",
    });
  }
  const { type, readOnly = false, verity } = filesystem;
  return {
    path: image,
    architecture,
    root: { fileName: image, type, readOnly, verity },
    compressed: filesystem.compression !== undefined,
    init: profile === "init" ? INIT : undefined,
    hasAddress: profile === "init" && injection?.bootstrap?.docker2vm?.ip !== undefined,
    writableDisk: undefined,
  };
}

async function readText(folder: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (!isAbsence(cause)) throw unreadable(path, cause);
    const what =
      systemErrorCode(cause) === "ENOTDIR" ? `${folder}: is no folder` : `${path}: there is no such file`;
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", what, {
      hint: "name a folder that 'docker2vm convert … --out DIR' has made, or the FILE of --output",
      cause,
    });
  }
}

function unreadable(path: string, cause: unknown): Docker2vmError {
  return new Docker2vmError("E_IO", `${path}: cannot be read: ${reasonOf(cause)}`, { cause });
}

async function checkImage(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    const code = isAbsence(cause) ? "E_IMAGE_NOT_FOUND" : "E_IO";
    throw new Docker2vmError(code, `${path}: ${whyUnreadable(cause)}`, {
      hint: "the image belongs beside its meta.json: convert it again, or as a user who may read it",
      cause,
    });
  }
}

type Needed = Pick<ImageMetadata, "platform" | "profile" | "filesystem" | "injection" | "writableDisk">;

function parse(text: string, path: string): Needed {
  try {
    const document: Partial<Needed> | null = JSON.parse(text);
    const { platform, profile, filesystem, writableDisk } = document ?? {};
    const isSound =
      typeof platform === "string" &&
      typeof profile === "string" &&
      FILESYSTEM_NAMES.some((name) => name === filesystem?.type) &&
      // It is written to: no other file is, whoever the document is from.
      (writableDisk === undefined || WRITABLE_NAMES.includes(writableDisk.file));
    if (isSound) return document as Needed;
  } catch {
    // Said below.
  }
  throw new Docker2vmError("E_UNSUPPORTED", `${path}: it does not describe an image of docker2vm's`, {
    hint: "convert the image again",
  });
}
