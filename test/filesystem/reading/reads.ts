import type { ImageReader } from "../../../src/filesystem/reading/image.ts";

/** How often the image was read in all, and most between two pauses, and how many of those there were. */
export function readsOf(sound: ImageReader, work: (image: ImageReader) => Generator<unknown, unknown>) {
  let reads = 0;
  const counted: ImageReader = {
    size: sound.size,
    read: (position, length) => {
      reads++;
      return sound.read(position, length);
    },
  };
  const steps = work(counted);
  let [all, most, pauses] = [0, 0, 0];
  do {
    all += reads;
    most = Math.max(most, reads);
    reads = 0;
    pauses++;
  } while (steps.next().done !== true);
  return { all: all + reads, most: Math.max(most, reads), pauses };
}
