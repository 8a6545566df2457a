import { Docker2vmError } from "../errors.ts";
import { readerOf } from "../filesystem/open.ts";
import { inFile } from "../filesystem/reading/broken.ts";
import { ImageFile, type ImageReader, memoryImage } from "../filesystem/reading/image.ts";
import type { Verification } from "../filesystem/reading/verification.ts";
import { given, told } from "../given.ts";
import { inTurns } from "../waiting/steps.ts";
import { type FilesystemImage, OpenedImage, type Stoppable } from "./filesystem-image.ts";

/** An image of one filesystem: the path of its file, or its bytes, or something that reads them by position. */
export type ImageInput = string | Uint8Array | ImageReader;

/** How an image is opened. */
export interface OpenImageOptions extends Stoppable {
  /** Read what is in place even though the journal holds changes to it; else those are replayed in memory. */
  readonly ignoreJournal?: boolean | undefined;
}

/**
 * Opens the filesystem in an image, whoever made it; the caller closes it. Throws E_IMAGE_NOT_FOUND,
 * E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED naming what this program does not know,
 * E_NEEDS_RECOVERY for a journal that cannot be replayed, E_IO, and the signal's reason.
 *
 * @example
 * ```ts
 * import { convert, openImage } from "docker2vm";
 *
 * const { rootfsPath } = await convert({ source: "oci:./alpine", platform: "linux/amd64", out: "./read", force: true });
 * const image = await openImage(rootfsPath);
 * try {
 *   for await (const { path, type, size } of image.list("/etc")) console.log(path, type, size);
 *   for await (const bytes of image.read("/etc/hostname")) process.stdout.write(bytes);
 *   const { files, leftOut } = await image.extract("/etc", `./etc-${process.pid}`);
 *   console.log(files, leftOut);
 * } finally {
 *   image.close();
 * }
 * ```
 */
export async function openImage(image: ImageInput, options: OpenImageOptions = {}): Promise<FilesystemImage> {
  const { ignoreJournal = false, signal } = given(options, {}, { signal: "signal" });
  const { reader, name, close } = opened(image);
  try {
    const kind = await readerOf(reader);
    return new OpenedImage(await inTurns(kind.open(reader, { ignoreJournal }), signal), name, close);
  } catch (error) {
    close();
    throw inFile(name, error);
  }
}

/**
 * Checks the whole filesystem in an image for what its own checker would find, without changing anything. That something was
 * found is no error. Throws as `openImage` does, E_UNSUPPORTED for features that cannot be checked.
 *
 * @example
 * ```ts
 * import { convertInto, MemoryTarget, verifyImage } from "docker2vm";
 *
 * const target = new MemoryTarget();
 * await convertInto(target, { source: "oci:./alpine", platform: "linux/amd64" });
 * const { findings, inodes } = await verifyImage(target.bytes);
 * if (findings.length > 0 || inodes === 0) throw new Error("it is clean");
 * ```
 */
export async function verifyImage(image: ImageInput, options: Stoppable = {}): Promise<Verification> {
  const { signal } = given(options, {}, { signal: "signal" });
  const { reader, name, close } = opened(image);
  try {
    const kind = await readerOf(reader);
    return await inTurns(kind.verify(reader), signal);
  } catch (error) {
    throw inFile(name, error);
  } finally {
    close();
  }
}

function opened(image: ImageInput): {
  readonly reader: ImageReader;
  /** For messages. */
  readonly name: string;
  readonly close: () => void;
} {
  if (typeof image === "string") {
    const file = new ImageFile(image);
    return { reader: file, name: image, close: () => file.close() };
  }
  const reader = image instanceof Uint8Array ? memoryImage(image) : image;
  if (typeof reader?.read !== "function") {
    throw new Docker2vmError("E_USAGE", `${told(image)} is no image`, {
      hint: "give the path of its file, its bytes, or an object that reads them by position",
    });
  }
  return { reader, name: "the image", close: () => undefined };
}
