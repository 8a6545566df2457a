import { read } from "node:fs";

/**
 * Reads up to `length` bytes of an open file into the beginning of `buffer`, from byte `position` on, or from where the
 * file stands if that is null. Gives how many bytes came, none at the end. Rejects with the system's error. It is what
 * node:util would make of the system's call, and loading that costs more than all of this.
 */
export function readInto(
  fd: number,
  buffer: Uint8Array,
  length: number,
  position: number | null,
): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)));
  });
}
