/** What a header of a tar holds as tar-stream writes it; the rest needs an extended header. */
import type { Timestamp } from "../../../tree/inode.ts";

/** tar-stream gives six octal digits to a user, a group and each half of a device number. */
const MAXIMUM_ID = 0o777777;
export const MAXIMUM_DEVICE_NUMBER = MAXIMUM_ID;
/** Eleven octal digits. What is beyond them tar-stream writes in base 256, which is GNU's alone. */
const MAXIMUM_SIZE = 0o77777777777;
/** tar-stream takes seconds for a signed 32-bit number, and octal digits have no sign. */
const MAXIMUM_SECONDS = 2 ** 31 - 1;
export const NAME_SIZE = 100;
export const BEYOND_ASCII = /[\x80-\xff]/;

/** Whether a header holds the name as it is. tar-stream would take bytes beyond ASCII for characters. */
export function fitsName(name: string): boolean {
  return name.length <= NAME_SIZE && !BEYOND_ASCII.test(name);
}

export function fitsId(id: number): boolean {
  return id <= MAXIMUM_ID;
}

export function fitsSize(size: number): boolean {
  return size <= MAXIMUM_SIZE;
}

export function fitsTime({ seconds, nanoseconds }: Timestamp): boolean {
  return nanoseconds === 0 && seconds >= 0 && seconds <= MAXIMUM_SECONDS;
}
