import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsence } from "../errors.ts";
import { inputError } from "../source/system-errors.ts";
import { KERNEL_FOLDERS, type KernelFiles } from "./files.ts";

/** A folder that has boot or lib/modules in it: an unpacked package, or the root of a machine. */
export async function openFolder(folder: string): Promise<KernelFiles> {
  const paths = new Set<string>();
  const seen = new Set<string>();
  for (const name of KERNEL_FOLDERS) {
    for (const path of await listed(folder, name)) {
      // lib may be a symlink to usr/lib.
      const identity = await identityOf(join(folder, path));
      if (identity === undefined || seen.has(identity)) continue;
      seen.add(identity);
      paths.add(path);
    }
  }
  return {
    where: folder,
    paths: [...paths].sort(),
    onDisk: (path) => join(folder, path),
    read: async (path) => {
      try {
        return await readFile(join(folder, path));
      } catch (error) {
        throw inputError(error, join(folder, path));
      }
    },
    close: async () => undefined,
  };
}

/** boot flat, modules as deep as they lie. */
async function listed(folder: string, name: string): Promise<string[]> {
  try {
    const names = await readdir(join(folder, name), { recursive: name !== "boot" });
    return names.map((each) => `${name}/${each}`);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw inputError(error, join(folder, name));
  }
}

/** Undefined for what is no file, and for a symlink to nothing, such as "build". */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const status = await stat(path);
    return status.isFile() ? `${status.dev}:${status.ino}` : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw inputError(error, path);
  }
}
