import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isAbsence } from "../errors.ts";

/**
 * Removes a folder with all that is in it; that there is none is fine. Root filesystems have what the runtimes' own
 * removing stops at: names that are no UTF-8, and folders that their owner may not write to.
 */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  removeStep(Buffer.from(folder));
}

function removeStep(folder: Buffer): void {
  try {
    chmodSync(folder, 0o700);
    // Names alone: where they come with their types, Bun gives no bytes.
    for (const name of readdirSync(folder, { encoding: "buffer" })) {
      const path = Buffer.concat([folder, Buffer.from("/"), name]);
      if (lstatSync(path).isDirectory()) removeStep(path);
      else unlinkSync(path);
    }
    rmdirSync(folder);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}
