/** What is to be booted: a conversion's folder, or an image's file, with what describes it or without. */
import { stat } from "node:fs/promises";
import { readBareImage } from "./bare-image.ts";
import { describedFile, readDescribedFolder } from "./described-image.ts";
import type { FoundImage } from "./found-image.ts";

/** Throws E_IMAGE_NOT_FOUND where there is none, E_UNSUPPORTED for one that this program does not boot. */
export async function findImage(path: string, signal: AbortSignal): Promise<FoundImage> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return await readDescribedFolder(path);
  return (await describedFile(path)) ?? (await readBareImage(path, signal));
}
