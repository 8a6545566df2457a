import { type BundleValidation, validateBundle } from "../../bundle/validate-bundle.ts";
import { Docker2vmError } from "../../errors.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";

/** `docker2vm bundle validate DIR`: what is wrong on standard output; that anything is an error, as the error. */
export async function runBundleValidate(line: CommandLine, host: Host): Promise<void> {
  const [, , folder, further] = line.words;
  if (folder === undefined || further !== undefined) {
    const what = further === undefined ? "no DIR given" : `${JSON.stringify(further)} is one word too many`;
    throw new Docker2vmError("E_USAGE", what, { hint: "docker2vm bundle validate DIR" });
  }
  const validation = await validateBundle(folder);
  await host.stdout.write(
    flag(line, "json") ? `${JSON.stringify(validation, null, 2)}\n` : validationText(validation),
  );
  const errors = validation.findings.filter(({ severity }) => severity === "error").length;
  if (errors === 0) return;
  throw new Docker2vmError(
    "E_VERIFICATION_FAILED",
    `${folder}: ${errors} ${errors === 1 ? "error" : "errors"} found`,
    { hint: "mend config.json, or have 'docker2vm bundle create' make the bundle again" },
  );
}

export function validationText({ ociVersion, findings }: BundleValidation): string {
  if (findings.length === 0) return `a bundle of version ${ociVersion}, without fault\n`;
  const lines = findings.map(({ severity, path, message, spec }) => {
    const where = path === "" ? "" : `${printable(path)}: `;
    return `${severity}: ${where}${printable(message)}\n  (${printable(spec)})\n`;
  });
  return lines.join("");
}
