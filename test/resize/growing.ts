/** What tests of growing share. */
import { Docker2vmError } from "../../src/errors.ts";
import { ImageDisk, type ResizeDisk } from "../../src/resize/image-disk.ts";
import { resizeOn } from "../../src/resize/resize-image.ts";
import { runOk } from "../support/oracles.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** mke2fs with an image's size, and files: this folder's. */
export function makeImage(path: string, size: string, options: string): void {
  const root = ["-d", import.meta.dir];
  runOk("mke2fs", ["-q", "-F", ...options.split(" "), ...root, path, size]);
}

/** What dumpe2fs says of the superblock under this name. */
export function told(image: string, name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(runOk("dumpe2fs", ["-h", image]))?.[1] ?? "";
}

/** A disk of which every call that changes something goes by `before`, which may throw. */
export function watched(disk: ResizeDisk, before: (call: string) => void): ResizeDisk {
  return {
    length: () => disk.length(),
    reading: (use) => disk.reading(use),
    recalled: () => disk.recalled(),
    write(position, bytes) {
      before("write");
      disk.write(position, bytes);
    },
    truncate(length) {
      before("truncate");
      disk.truncate(length);
    },
    async sync() {
      before("sync");
      await disk.sync();
    },
    async note(bytes) {
      before("note");
      await disk.note(bytes);
    },
    async forget() {
      before("forget");
      await disk.forget();
    },
  };
}

/** Grows the image by a process that ends, as by SIGKILL, before the call of this number that changes something. */
export async function growUntilKilled(path: string, size: number, calls: number): Promise<boolean> {
  let done = 0;
  return await growWatched(path, size, () => {
    if (done++ >= calls) throw new Docker2vmError("E_INTERNAL", "killed");
  });
}

/** Whether growing came to its end. */
export async function growWatched(
  path: string,
  size: number,
  before: (call: string) => void = () => undefined,
): Promise<boolean> {
  const disk = await ImageDisk.open(path);
  try {
    await resizeOn(watched(disk, before), size, undefined);
    return true;
  } catch (error) {
    if (error instanceof Docker2vmError && error.message === "killed") return false;
    throw error;
  } finally {
    await disk.close();
  }
}
