/** As kernels compress their modules (scripts/Makefile.modinst). */
const SUFFIX = /\.ko(?:\.gz|\.xz|\.zst)?$/;

/** What the kernel calls the module in the file: it takes "-" and "_" for the same. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf("/") + 1)
    .replace(SUFFIX, "")
    .replaceAll("-", "_");
}

export function isModule(path: string): boolean {
  return SUFFIX.test(path);
}
