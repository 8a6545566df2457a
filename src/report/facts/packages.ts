/** Packages that an image has, by what their managers keep in it: dpkg's status files, apk's installed. */

import type { Directory, Inode, RegularFile } from "../../tree/inode.ts";
import { followPath } from "../../tree/walk.ts";
import type { ImageReport, PackageFacts } from "./report.ts";

const DPKG_STATUS = "var/lib/dpkg/status";
/** Of images without a dpkg of their own: a file for each package, as Bazel's and distroless's rules write them. */
const DPKG_STATUS_FOLDER = "var/lib/dpkg/status.d";
const APK_INSTALLED = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
/** Berkeley's and ndb's databases, and SQLite's, where they have been. */
const RPM_DATABASES = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const RPM_FILES = ["Packages", "Packages.db", "rpmdb.sqlite"];

const KIBI = 1024;

type PackageManager = ImageReport["unreadPackages"][number];

/** Whether a file at this path, as an entry has it, may be one that packages are read from. */
export function mayListPackages(path: string): boolean {
  return /(?:^|\/)dpkg\/(?:status|status\.d\/[^/]+)$|(?:^|\/)apk\/db\/installed$/.test(path);
}

/**
 * What is installed, in the order of the lists, and whose lists are not read; `read` gives what a file holds, undefined
 * where that is not known.
 */
export function installedPackages(
  root: Directory,
  read: (file: RegularFile) => string | undefined,
): { packages: PackageFacts[]; unread: PackageManager[] } {
  const unread = new Set<PackageManager>();
  const textOf = (inode: Inode | undefined, manager: PackageManager): string => {
    const text = inode?.type === "file" ? read(inode) : "";
    if (text === undefined) unread.add(manager);
    return text ?? "";
  };
  const folder = followPath(root, DPKG_STATUS_FOLDER.split("/"));
  const statuses = [...(folder?.entries.keys() ?? [])].sort().map((name) => folder?.entries.get(name));
  const databases = new Set(APK_INSTALLED.map((path) => inodeAt(root, path)));
  const packages = [
    ...[inodeAt(root, DPKG_STATUS), ...statuses].map((inode) => dpkgPackages(textOf(inode, "dpkg"))),
    ...[...databases].map((inode) => apkPackages(textOf(inode, "apk"))),
  ].flat();
  const hasRpm = RPM_DATABASES.some((path) =>
    RPM_FILES.some((name) => inodeAt(root, `${path}/${name}`)?.type === "file"),
  );
  if (hasRpm) unread.add("rpm");
  return { packages, unread: [...unread] };
}

function inodeAt(root: Directory, path: string): Inode | undefined {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  return followPath(root, parts)?.entries.get(name);
}

/** deb822(5): paragraphs of "Field: value", of which a status says whether it is installed; without one it is. */
function dpkgPackages(text: string): PackageFacts[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split("\n")) {
      const [, name, value = ""] = /^([\w-]+):(.*)$/.exec(line) ?? [];
      if (name !== undefined) fields.set(name.toLowerCase(), value.trim());
    }
    const name = fields.get("package");
    const status = fields.get("status") ?? "install ok installed";
    if (name === undefined || !/ installed$/.test(status)) return [];
    const size = fields.get("installed-size");
    const bytes = size !== undefined && /^\d{1,12}$/.test(size) ? Number(size) * KIBI : null;
    const [version = "", architecture = null] = [fields.get("version"), fields.get("architecture")];
    return [{ name, version, architecture, bytes, manager: "dpkg" as const }];
  });
}

/** apk's format of installed: "P:name", "V:version", "A:architecture", "I:bytes". */
function apkPackages(text: string): PackageFacts[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const field = (letter: string): string | undefined =>
      new RegExp(`^${letter}:(.*)$`, "m").exec(paragraph)?.[1];
    const name = field("P");
    if (name === undefined) return [];
    const size = field("I");
    const bytes = size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : null;
    const [version = "", architecture = null] = [field("V"), field("A")];
    return [{ name, version, architecture, bytes, manager: "apk" as const }];
  });
}
