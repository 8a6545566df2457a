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

function removeStep(path: Buffer): void {
  try {
    // Not what a link leads to, at the top neither.
    if (!lstatSync(path).isDirectory()) {
      unlinkSync(path);
      return;
    }
    chmodSync(path, 0o700);
    // Names alone: where they come with their types, Bun gives no bytes.
    for (const name of readdirSync(path, { encoding: "buffer" })) {
      removeStep(Buffer.concat([path, Buffer.from("/"), name]));
    }
    rmdirSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}
