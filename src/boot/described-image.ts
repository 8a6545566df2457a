/** A folder that a conversion has made, as its meta.json describes it. */
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageMetadata } from "../convert/meta.ts";
import { Docker2vmError, isAbsence, reasonOf, systemErrorCode } from "../errors.ts";
import { FILESYSTEM_NAMES } from "../filesystem/kind/kind.ts";
import type { Architecture, RootFacts } from "../launch/facts.ts";
import { whyUnreadable } from "../system-errors.ts";

const METADATA_NAME = "meta.json";
const INIT = "/sbin/ovms-init";

export interface DescribedImage {
  readonly path: string;
  readonly architecture: Architecture;
  readonly root: RootFacts;
  readonly compressed: boolean;
  /** The init of this project's own, which tells a status at its end; undefined where the image has none. */
  readonly init: string | undefined;
}

/** Throws E_IMAGE_NOT_FOUND where there is none, E_UNSUPPORTED for one that this program does not boot. */
export async function readDescribedImage(folder: string): Promise<DescribedImage> {
  const path = join(folder, METADATA_NAME);
  const { platform, profile, filesystem } = parse(await readText(folder, path), path);
  const architecture = platform.split("/")[1];
  if (architecture !== "amd64" && architecture !== "arm64") {
    throw new Docker2vmError("E_UNSUPPORTED", `${path}: the image is for ${platform}`, {
      hint: "machines for linux/amd64 and linux/arm64 can be booted",
    });
  }
  const { type, readOnly = false, verity } = filesystem;
  const fileName = `rootfs.${type.startsWith("ext") ? "ext4" : type}`;
  await checkImage(join(folder, fileName));
  return {
    path: join(folder, fileName),
    architecture,
    root: { fileName, type, readOnly, verity },
    compressed: filesystem.compression !== undefined,
    init: profile === "init" ? INIT : undefined,
  };
}

async function readText(folder: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (!isAbsence(cause)) {
      throw new Docker2vmError("E_IO", `${path}: cannot be read: ${reasonOf(cause)}`, { cause });
    }
    const what =
      systemErrorCode(cause) === "ENOTDIR" ? `${folder}: is no folder` : `${path}: there is no such file`;
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", what, {
      hint: "name a folder that 'docker2vm convert … --out DIR' has made: its meta.json says what is to be booted",
      cause,
    });
  }
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

type Needed = Pick<ImageMetadata, "platform" | "profile" | "filesystem">;

function parse(text: string, path: string): Needed {
  try {
    const document: Partial<Needed> | null = JSON.parse(text);
    const { platform, profile, filesystem } = document ?? {};
    if (typeof platform === "string" && typeof profile === "string" && isKnown(filesystem?.type)) {
      return { platform, profile, filesystem } as Needed;
    }
  } catch {
    // Said below.
  }
  throw new Docker2vmError("E_UNSUPPORTED", `${path}: it does not describe an image of docker2vm's`, {
    hint: "convert the image again",
  });
}

function isKnown(type: unknown): boolean {
  return FILESYSTEM_NAMES.some((name) => name === type);
}
