import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The OCI layout of the official alpine image for amd64 and arm64, where the machine has it beside the checkout. */
export function alpineLayout(): string | undefined {
  const folder = fileURLToPath(new URL("../../../shared/images/alpine", import.meta.url));
  return existsSync(`${folder}/oci-layout`) ? folder : undefined;
}
