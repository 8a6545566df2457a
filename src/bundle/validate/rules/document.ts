/** Of the document as a whole: config.md, Specification version, Root, Annotations. */
import { quote } from "../../../oci/quote.ts";
import { OTHER_SYSTEMS } from "../config-shape.ts";
import type { BundleFiles } from "../files.ts";
import { below, type Report } from "../finding.ts";
import { entriesOf, type Fields, fieldOf, textOf } from "../reading.ts";
import { isOlder, parseVersion, type Version } from "../version.ts";

/** The newest that the shapes here know. */
const NEWEST: Version = [1, 3, 0];

export function checkVersion(config: Fields, report: Report): void {
  const text = textOf(config["ociVersion"]);
  if (text === undefined) return;
  const version = parseVersion(text);
  const spec =
    "config.md, Specification version: ociVersion (string, REQUIRED) MUST be in SemVer v2.0.0 format";
  if (version === undefined)
    report("error", "/ociVersion", `${quote(text)} is no version such as 1.0.2`, spec);
  else if (version[0] !== 1) report("error", "/ociVersion", `${quote(text)} is no version 1`, spec);
  else if (isOlder(NEWEST, version)) {
    report("warning", "/ociVersion", `${quote(text)} is newer than what is checked here, 1.2`, spec);
  }
}

export function checkRoot(config: Fields, files: BundleFiles, report: Report): void {
  const section = "config.md, Root";
  if (config["root"] === undefined) {
    report("error", "/root", "is missing", `${section}: on all other platforms, this field is REQUIRED`);
    return;
  }
  const path = textOf(fieldOf(config["root"], "path"));
  if (path === undefined) return;
  const root = path === "" ? { why: "is empty" } : files.root(path);
  if ("why" in root) {
    report(
      "error",
      "/root/path",
      root.why,
      `${section}: a directory MUST exist at the path declared by the field`,
    );
    return;
  }
  if (path !== "rootfs") {
    report(
      "warning",
      "/root/path",
      `is ${quote(path)}`,
      `${section}: the value SHOULD be the conventional rootfs`,
    );
  }
}

export function checkAnnotations(config: Fields, report: Report): void {
  for (const [name] of entriesOf(config["annotations"])) {
    if (name !== "") continue;
    report(
      "error",
      below("/annotations", name),
      "has no name",
      "config.md, Annotations: keys MUST NOT be an empty string",
    );
  }
}

export function checkOtherSystems(config: Fields, report: Report): void {
  for (const name of OTHER_SYSTEMS) {
    if (config[name] === undefined) continue;
    report("warning", below("", name), "is not checked here", "config.md, Platform-specific configuration");
  }
}
