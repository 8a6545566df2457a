/** Whether a folder is a bundle that runtimes take. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError, isAbsence, reasonOf } from "../errors.ts";
import { given } from "../given.ts";
import { whyUnreadable } from "../system-errors.ts";
import { bundleFiles } from "./bundle-files.ts";
import { DOCUMENT_LIMIT, parseDocument } from "./json-document.ts";
import { checkConfig } from "./validate/check-config.ts";
import type { BundleFinding } from "./validate/finding.ts";
import { fieldOf, textOf } from "./validate/reading.ts";

export const CONFIG_NAME = "config.json";

/** The outcome of a check of a bundle. */
export interface BundleValidation {
  /** As config.json states it; undefined where it states none. */
  readonly ociVersion: string | undefined;
  /** Empty for one without fault. */
  readonly findings: readonly BundleFinding[];
}

/**
 * Checks an OCI runtime bundle: config.json by the shapes and the rules of the runtime specification (1.0 to 1.2), and
 * by what runc and crun refuse; the root filesystem, the command and the hooks by what is there. Changes nothing. Throws
 * E_IMAGE_NOT_FOUND where there is no such folder. The example is that of `createBundle`.
 */
export async function validateBundle(folder: string): Promise<BundleValidation> {
  given({ folder }, { folder: "text" });
  const real = realFolder(folder);
  let bytes: Uint8Array;
  try {
    bytes = readConfig(join(real, CONFIG_NAME));
  } catch (error) {
    const spec =
      "bundle.md: this REQUIRED file MUST reside in the root of the bundle directory and MUST be named config.json";
    return failure(`${CONFIG_NAME} cannot be read: ${whyUnreadable(error)}`, spec);
  }
  const document = parseDocument(bytes);
  if (typeof document === "string") {
    return failure(
      `${CONFIG_NAME} ${document}`,
      "bundle.md: config.json contains configuration data, in JSON",
    );
  }
  const twice = document.repeated.map(
    (path): BundleFinding => ({
      severity: "warning",
      path,
      message: "is there twice, and readers differ in which counts",
      spec: "RFC 8259, Objects: the names within an object SHOULD be unique",
    }),
  );
  return {
    ociVersion: textOf(fieldOf(document.value, "ociVersion")),
    findings: [...twice, ...checkConfig(document.value, bundleFiles(real))],
  };
}

/** Whole where that can be a document: a bundle may be anybody's, and a pipe or a device would be read for ever. */
function readConfig(path: string): Uint8Array {
  const stats = statSync(path);
  if (!stats.isFile()) throw new Error("it is no file");
  if (stats.size > DOCUMENT_LIMIT) throw new Error(`it has ${stats.size} bytes, more than ${DOCUMENT_LIMIT}`);
  return readFileSync(path);
}

function realFolder(folder: string): string {
  const hint = `name the folder that holds ${CONFIG_NAME}`;
  try {
    const real = realpathSync(folder);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    const [code, why] = isAbsence(cause)
      ? (["E_IMAGE_NOT_FOUND", "there is no such folder"] as const)
      : (["E_IO", reasonOf(cause)] as const);
    throw new Docker2vmError(code, `${folder}: ${why}`, { hint, cause });
  }
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${folder}: is no folder`, { hint });
}

function failure(message: string, spec: string): BundleValidation {
  return { ociVersion: undefined, findings: [{ severity: "error", path: "", message, spec }] };
}
