import { open } from "node:fs/promises";
import { inputError } from "../source/system-errors.ts";
import { unsuitable } from "./kernel-error.ts";

/** Bytes: no file of a kernel's is larger. */
const LARGEST = 512 << 20;

/** Throws E_UNSUPPORTED for what is too large for any of a kernel's files. */
export function checkSize(size: number, where: string): void {
  if (size <= LARGEST) return;
  throw unsuitable(where, `it has ${size} bytes, and no kernel is as large`, "name a kernel");
}

/** The bytes of a file of this machine's. Throws E_IMAGE_NOT_FOUND, E_IO, and E_UNSUPPORTED. */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      checkSize((await file.stat()).size, path);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}
