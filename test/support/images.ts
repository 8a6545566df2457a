import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { leftOut } from "./left-out.ts";

/** The OCI layout of the official alpine image for amd64 and arm64, where the machine has it beside the checkout. */
export function alpineLayout(): string | undefined {
  const folder = fileURLToPath(new URL("../../../shared/images/alpine", import.meta.url));
  if (existsSync(`${folder}/oci-layout`)) return folder;
  leftOut.image(`the official alpine image, whose OCI layout is looked for in ${folder}`);
  return undefined;
}
