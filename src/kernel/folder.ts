import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsence } from "../errors.ts";
import { inputError } from "../source/system-errors.ts";
import { KERNEL_FOLDERS, type KernelFiles } from "./files.ts";
import { readWholeFile } from "./whole-file.ts";

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
    read: async (path) => await readWholeFile(join(folder, path)),
    close: async () => undefined,
  };
}

/**
 * boot flat, modules as deep as they lie. A link is not gone through: "build" leads to the kernel's sources, and others
 * may lead in a circle. (What a runtime calls recursive does, each in its own way.)
 */
async function listed(folder: string, name: string): Promise<string[]> {
  const entries = await entriesOf(join(folder, name));
  const paths: string[] = [];
  for (const entry of entries) {
    const path = `${name}/${entry.name}`;
    if (!entry.isDirectory()) paths.push(path);
    else if (name !== "boot") paths.push(...(await listed(folder, path)));
  }
  return paths;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw inputError(error, path);
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
