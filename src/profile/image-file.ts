import { findPlace } from "../tree/resolve.ts";
import type { ImageInProgress } from "./profile.ts";

/** Larger ones are taken as missing: none that is looked into here is so large. */
const LIMIT = 4 << 20;

/** A file's bytes, one character each, symlinks followed; empty where there is no such file. */
export async function readText({ root, contents }: ImageInProgress, path: string): Promise<string> {
  const file = findPlace(root, path)?.inode;
  if (file?.type !== "file" || file.size > LIMIT) return "";
  return Buffer.from(await contents.read(file)).toString("latin1");
}
