/** The files of a kernel, wherever they come from. */

export interface KernelFiles {
  /** As the user named it. */
  readonly where: string;
  /** What is below boot, lib/modules and usr/lib/modules: without a slash in front, sorted, regular files alone. */
  readonly paths: readonly string[];
  /** The path of a file on this machine, where it is one. */
  onDisk(path: string): string | undefined;
  read(path: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The second is where the first is a symlink. */
export const MODULE_FOLDERS = ["lib/modules", "usr/lib/modules"] as const;
export const KERNEL_FOLDERS = ["boot", ...MODULE_FOLDERS] as const;

export function isKernelPath(path: string): boolean {
  return KERNEL_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}
