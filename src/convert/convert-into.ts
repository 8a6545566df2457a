import type { Caller } from "../caller.ts";
import type { OpenEdits } from "../edits/open.ts";
import { Docker2vmError } from "../errors.ts";
import type { ImageStore } from "../output/image-store.ts";
import { type ImageTarget, TargetStore } from "../output/target.ts";
import { openEdits } from "./edit-image.ts";
import { mayBeKept } from "./layer-store-request.ts";
import { type ConvertedImage, makeImage } from "./make-image.ts";
import type { ImageOptions, MakingOptions } from "./options.ts";
import { checkImageAlone } from "./profile-request.ts";
import { openProfile } from "./profiles.ts";
import { checkImageConversion, type Request } from "./request.ts";
import { keyFor, type Scratch, temporaryScratch, withImage } from "./with-image.ts";

/** What a conversion into a place of the caller's is asked to do. Only `source` is required. */
export type ConvertIntoOptions = MakingOptions & ImageOptions;

/**
 * Converts a container image as `convert` does, but writes it into a place of the caller's, whose bytes mean nothing
 * unless the promise resolves. Archives that come as a stream are kept in the system's folder for temporary files
 * meanwhile. Throws Docker2vmError (E_USAGE for a profile that makes files beside the image: there is no folder for
 * them), and what `onProgress` and the target's functions have thrown, as it is.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { convert, convertInto, MemoryTarget, openImage } from "docker2vm";
 *
 * const target = new MemoryTarget();
 * const { apparentBytes } = await convertInto(target, {
 *   source: "oci:./alpine",
 *   platform: "linux/amd64",
 *   filesystem: { size: "min" },
 * });
 * const image = await openImage(target.bytes);
 * console.log(apparentBytes, image.inspect().uuid);
 *
 * const inFolder = { out: "./same", force: true, filesystem: { size: "min" } } as const;
 * const { rootfsPath } = await convert({ source: "oci:./alpine", platform: "linux/amd64", ...inFolder });
 * if (!(await readFile(rootfsPath)).equals(target.bytes)) throw new Error("the bytes are the same");
 * ```
 */
export async function convertInto(target: ImageTarget, options: ConvertIntoOptions): Promise<ConvertedImage> {
  const request = checkImageConversion(options);
  checkImageAlone(request.profile);
  checkTarget(target);
  const store = () => new TargetStore(guarded(target, request.caller));
  return request.caller.serve(() => convertToStore(store, request, temporaryScratch()));
}

/** The conversion into one place, which `create` makes when everything else is settled; closed at the end. */
export async function convertToStore(
  create: () => ImageStore,
  request: Request,
  scratch: Scratch,
): Promise<ConvertedImage> {
  const toRead = !(await mayBeKept(request.layerStore));
  const opening = { ...scratch, verifyKey: await keyFor(request), toRead };
  const profile = await openProfile(request);
  let edits: OpenEdits | undefined;
  try {
    edits = await openEdits(request);
    const making = { profile, edits, request, scratch, beside: undefined };
    return await withImage(request, opening, (image, origin) =>
      makeImage({ ...making, image, origin, store: create() }),
    );
  } finally {
    profile?.close();
    await edits?.close();
  }
}

/** Types keep others out, but not of JavaScript. */
function checkTarget(target: ImageTarget): void {
  if ([target?.write, target?.read, target?.truncate].every((each) => typeof each === "function")) return;
  throw new Docker2vmError("E_USAGE", "the target for the image cannot be written to", {
    hint: "give a MemoryTarget, or an object with the functions write, read and truncate",
  });
}

/** The target as one whose errors end the job, wherever they are thrown. */
function guarded(target: ImageTarget, caller: Caller): ImageTarget {
  return {
    write: (position, bytes) => caller.call(() => target.write(position, bytes)),
    read: (position, bytes) => caller.callAsync(async () => target.read(position, bytes)),
    truncate: (length) => caller.call(() => target.truncate(length)),
    finish: () => caller.callAsync(async () => target.finish?.()),
  };
}
