/** The base's kernel modules, as depmod(8) describes them in modules.dep(5) and modules.builtin. */
import { moduleName } from "../../initramfs/module-name.ts";
import type { Directory, RegularFile } from "../../tree/inode.ts";
import { findPlace } from "../../tree/resolve.ts";
import type { Additions } from "../additions.ts";
import { isExecutable } from "../additions.ts";
import type { BaseFilesystem } from "./base-filesystem.ts";

export const MODULES_FOLDER = "/lib/modules";

export interface ModuleFile {
  /** In the base, without symlinks. */
  readonly path: string;
  readonly file: RegularFile;
}

interface ModulesVersion {
  /** A path of modules.dep begins here. */
  readonly path: string;
  readonly directory: Directory;
}

/** Everything below /lib/modules, at the same paths. */
export async function addKernelModules(base: BaseFilesystem, additions: Additions): Promise<void> {
  for (const { path, directory } of versionsOf(base)) {
    const version = path.slice(path.lastIndexOf("/") + 1);
    await addTree(`${MODULES_FOLDER}/${version}`, directory, base, additions);
  }
}

async function addTree(
  path: string,
  directory: Directory,
  base: BaseFilesystem,
  additions: Additions,
): Promise<void> {
  await additions.put(path, { type: "directory" });
  for (const [name, inode] of directory.entries) {
    const at = `${path}/${name}`;
    if (inode.type === "directory") await addTree(at, inode, base, additions);
    else if (inode.type === "symlink") {
      await additions.put(at, { type: "symlink", target: inode.target });
    } else if (inode.type === "file") {
      const source = base.source(inode);
      await additions.put(at, { type: "file", executable: isExecutable(inode), source });
    }
  }
}

/**
 * The files of the modules of those names and of all that they need, for every kernel that the base has modules of,
 * sorted. A name that a kernel has built in, or does not know, needs nothing.
 */
export function moduleFiles(base: BaseFilesystem, names: readonly string[]): ModuleFile[] {
  return versionsOf(base)
    .flatMap((version) => filesOfVersion(base, version, names))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function filesOfVersion(
  base: BaseFilesystem,
  version: ModulesVersion,
  names: readonly string[],
): ModuleFile[] {
  const needs = readDependencies(base, version);
  const byName = new Map([...needs.keys()].map((path) => [moduleName(path), path]));
  const chosen = new Map<string, ModuleFile>();
  const waiting = names.map((name) => byName.get(moduleName(name)));
  while (waiting.length > 0) {
    const path = waiting.pop();
    if (path === undefined || chosen.has(path)) continue;
    const found = base.findFile(`${version.path}/${path}`);
    if (found !== undefined) chosen.set(path, found);
    waiting.push(...(needs.get(path) ?? []));
  }
  return [...chosen.values()];
}

function versionsOf(base: BaseFilesystem): ModulesVersion[] {
  const modules = base.findDirectory(MODULES_FOLDER);
  if (modules === undefined) return [];
  return [...modules.directory.entries.keys()].sort().flatMap((name) => {
    const found = base.findDirectory(`${modules.path}/${name}`);
    return found === undefined ? [] : [found];
  });
}

/** For each module's path the paths of all that must be loaded before it. */
function readDependencies(
  base: BaseFilesystem,
  { directory }: ModulesVersion,
): Map<string, readonly string[]> {
  const list = findPlace(directory, "modules.dep")?.inode;
  if (list?.type !== "file") return new Map();
  const needs = new Map<string, readonly string[]>();
  for (const line of base.text(list).split("\n")) {
    const colon = line.indexOf(":");
    if (colon === -1) continue;
    const rest = line.slice(colon + 1).split(/\s+/);
    needs.set(
      line.slice(0, colon).trim(),
      rest.filter((path) => path !== ""),
    );
  }
  return needs;
}
