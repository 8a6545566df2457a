import { writeFileSync } from "node:fs";
import { outputError } from "../output/system-errors.ts";
import type { FinishedImage } from "./profile.ts";

/** Writes the whole of a file beside the image. */
export function writeBeside(image: FinishedImage, name: string, bytes: Uint8Array): void {
  const path = image.path(name);
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw outputError(error, `cannot write ${path}`);
  }
}
