/** Of what is mounted: config.md, Mounts. */
import { quote } from "../../../oci/quote.ts";
import type { BundleFiles } from "../files.ts";
import { below, type Report } from "../finding.ts";
import { type Fields, fieldOf, itemsOf, repeated, textOf, textsOf } from "../reading.ts";
import { isOlder, type Version } from "../version.ts";

const SECTION = "config.md, Mounts";
/** From here on a destination may be relative. */
const RELATIVE_SINCE: Version = [1, 2, 0];

export function checkMounts(
  { mounts }: Fields,
  version: Version | undefined,
  files: BundleFiles,
  report: Report,
): void {
  const listed = itemsOf(mounts);
  for (const [at, mount] of listed) checkMount(mount, below("/mounts", at), version, files, report);
  for (const [at, mount] of repeated(listed, (each) => textOf(fieldOf(each, "destination")))) {
    const spec = `${SECTION}: the runtime MUST mount entries in the listed order`;
    report("warning", below("/mounts", at), `covers another mount at ${fieldOf(mount, "destination")}`, spec);
  }
  if (!listed.some(([, mount]) => /^\/proc\/*$/.test(textOf(fieldOf(mount, "destination")) ?? ""))) {
    const spec =
      "config-linux.md, Default Filesystems: /proc SHOULD be made available; runc starts nothing without it";
    report("warning", "/mounts", "has no /proc", spec);
  }
}

function checkMount(
  mount: unknown,
  path: string,
  version: Version | undefined,
  files: BundleFiles,
  report: Report,
): void {
  const destination = textOf(fieldOf(mount, "destination"));
  if (destination?.startsWith("/") === false) {
    const mayBe = version !== undefined && !isOlder(version, RELATIVE_SINCE);
    const spec = `${SECTION}: destination: ${mayBe ? "this value SHOULD" : "up to version 1.1 this value MUST"} be an absolute path`;
    report(
      mayBe ? "warning" : "error",
      below(path, "destination"),
      `${quote(destination)} is relative`,
      spec,
    );
  }
  if (isBind(mount)) checkSource(mount, path, files, report);
  else if (fieldOf(mount, "type") === undefined) {
    const spec =
      "config.md, POSIX-platform Mounts: type (string, OPTIONAL) The type of the filesystem to be mounted";
    report("warning", path, "has neither a type nor the option bind or rbind", spec);
  }
  const [users, groups] = ["uidMappings", "gidMappings"].map((name) => fieldOf(mount, name) !== undefined);
  if (users !== groups) {
    const spec =
      "config.md, POSIX-platform Mounts: uidMappings, if specified, MUST be specified along with gidMappings";
    report("error", path, `has ${users ? "uidMappings" : "gidMappings"} alone`, spec);
  }
}

function isBind(mount: unknown): boolean {
  return textsOf(fieldOf(mount, "options")).some(([, option]) => option === "bind" || option === "rbind");
}

function checkSource(mount: unknown, path: string, files: BundleFiles, report: Report): void {
  const spec = `${SECTION}: path values for bind mounts are either absolute or relative to the bundle`;
  const source = textOf(fieldOf(mount, "source"));
  if (source === undefined || source === "") report("error", path, "is a bind mount of nothing", spec);
  else if (files.onMachine(source) === undefined) {
    const severity = source.startsWith("/") ? "warning" : "error";
    report(severity, below(path, "source"), `${quote(source)} is not there`, spec);
  }
}
