import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOk } from "./oracles.ts";
import { runFolder } from "./run-folder.ts";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** What package.json says, as far as the tests ask. */
export const PACKAGE = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<
    Record<"docker2vm" | "oci2gondolin" | "dockerfile2gondolin" | "oci-to-virtio", string>
  >;
  readonly scripts: Readonly<Record<string, string>>;
};

/** What the published package is built of. */
const PARTS = ["src", "README.md", "LICENSE", "package.json", "tsconfig.json"];

/**
 * Packs what is published, once for all tests that run together: that builds it, and in a copy, so that another run of
 * tests in the same clone is not in the way. Returns the archive's path.
 */
export function packPackage(): string {
  const folder = runFolder();
  const path = join(folder, `${PACKAGE.name}-${PACKAGE.version}.tgz`);
  if (!existsSync(path)) {
    const copy = mkdtempSync(join(folder, "to-pack-"));
    for (const part of PARTS) cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true });
    symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
    runOk("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: copy });
  }
  return path;
}

/** Unpacks what is published below `parent`, which is made, beside what it depends on; returns a folder of the caller's. */
export function installPackage(parent: string): string {
  mkdirSync(parent);
  runOk("tar", ["-xzf", packPackage(), "-C", parent]);
  const installed = join(parent, "package");
  symlinkSync(join(REPOSITORY, "node_modules"), join(installed, "node_modules"));
  return installed;
}
