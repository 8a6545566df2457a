/** The files that a bundle's configuration names, looked up on this machine. */
import { accessSync, constants, realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute, resolve, sep } from "node:path";
import { isAbsence } from "../errors.ts";
import { findInside } from "./inside.ts";
import type { BundleFiles, FileKind } from "./validate/files.ts";

const EXECUTE_BITS = 0o111;

/** @param folder of the bundle, absolute and without symlinks */
export function bundleFiles(folder: string): BundleFiles {
  let root: string | undefined;
  return {
    root: (path) => {
      const found = usableRoot(folder, path);
      if ("why" in found) return found;
      root = found.path;
      return { usable: true };
    },
    inContainer: (path) => {
      const stats = root === undefined ? undefined : findInside(root, path)?.stats;
      if (stats === undefined) return undefined;
      // Root in a container may execute what anybody may.
      return kindOf(stats, (stats.mode & EXECUTE_BITS) !== 0);
    },
    onMachine: (path) => {
      try {
        const place = resolve(folder, path);
        const stats = statSync(place);
        return kindOf(stats, mayExecute(place));
      } catch {
        return undefined;
      }
    },
  };
}

function usableRoot(folder: string, path: string): { readonly path: string } | { readonly why: string } {
  const place = resolve(folder, path);
  let real: string;
  try {
    real = realpathSync(place);
    if (!statSync(real).isDirectory()) return { why: "leads to no directory" };
  } catch (error) {
    return { why: isAbsence(error) ? "leads to nothing" : "cannot be looked at by this user" };
  }
  const isInside = place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  if (!isAbsolute(path) && !isInside) return { why: "leads out of the bundle" };
  if (real === place) return { path: real };
  if (isAbsolute(path)) return { why: `leads through a symlink, which runc refuses, to ${real}` };
  return { why: `is a symlink to ${real}, which runc refuses` };
}

function kindOf(stats: Stats, isExecutable: boolean): FileKind {
  if (stats.isDirectory()) return "directory";
  if (!stats.isFile()) return "other";
  return isExecutable ? "executable" : "file";
}

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
