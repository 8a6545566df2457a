/** The files that a configuration names, as the rules ask for them. */

export type FileKind = "directory" | "executable" | "file" | "other";

export interface BundleFiles {
  /** What `root.path` leads to: how far it can be used, or why it cannot, as a clause. */
  root(path: string): { readonly usable: true } | { readonly why: string };
  /**
   * What lies at a path in the root filesystem, followed as the kernel would in the container; undefined if nothing, or
   * if there is no root filesystem.
   */
  inContainer(path: string): FileKind | undefined;
  /** What lies at a path of this machine, a relative one taken from the bundle. */
  onMachine(path: string): FileKind | undefined;
}
