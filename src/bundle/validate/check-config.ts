/** The check of a runtime configuration: its shape, and what the shape cannot say. */
import { CONFIG } from "./config-shape.ts";
import type { BundleFiles } from "./files.ts";
import type { BundleFinding, Report } from "./finding.ts";
import { fieldOf, isObject, textOf } from "./reading.ts";
import { checkAnnotations, checkOtherSystems, checkRoot, checkVersion } from "./rules/document.ts";
import { checkHooks } from "./rules/hooks.ts";
import { checkLinux } from "./rules/linux.ts";
import { checkMounts } from "./rules/mounts.ts";
import { checkProcess } from "./rules/process.ts";
import { checkProgram } from "./rules/rootfs.ts";
import { checkShape } from "./shape.ts";
import { parseVersion } from "./version.ts";

/** Everything that is wrong with the document, in the order of its parts. Whatever it is, this comes to an end. */
export function checkConfig(config: unknown, files: BundleFiles): readonly BundleFinding[] {
  return [...checkDocument(config, files), ...checkPrograms(config, files)];
}

/** The same, but for what the command finds in the root filesystem. */
export function checkDocument(config: unknown, files: BundleFiles): readonly BundleFinding[] {
  return collected((report) => {
    if (!isObject(config)) {
      report("error", "", "is no object", "config.md: this configuration file contains metadata");
      return;
    }
    const version = parseVersion(config["ociVersion"]);
    checkShape(CONFIG, config, "", "config.md", { version, report });
    checkVersion(config, report);
    checkRoot(config, files, report);
    checkMounts(config, version, files, report);
    checkProcess(config, report);
    checkHooks(config, files, report);
    checkAnnotations(config, report);
    checkLinux(config, report);
    checkOtherSystems(config, report);
  });
}

/** What keeps the command from being started in the root filesystem, if there is one. */
export function checkPrograms(config: unknown, files: BundleFiles): readonly BundleFinding[] {
  return collected((report) => {
    const path = textOf(fieldOf(fieldOf(config, "root"), "path"));
    if (isObject(config) && path && "usable" in files.root(path)) checkProgram(config, files, report);
  });
}

function collected(check: (report: Report) => void): readonly BundleFinding[] {
  const findings: BundleFinding[] = [];
  check((severity, path, message, spec) => {
    findings.push({ severity, path, message, spec });
  });
  return findings;
}
