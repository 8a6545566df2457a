import type { ServerResponse } from "node:http";
import { json } from "../support/layout-builder.ts";
import type { Scene } from "./support.ts";

export const OCI = "application/vnd.oci.image";
export const MANIFEST = `${OCI}.manifest.v1+json`;
export const INDEX = `${OCI}.index.v1+json`;

/** Bytes without end. */
export function sendEndless(response: ServerResponse): true {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 32)));
    response.once("drain", more);
  };
  more();
  return true;
}

/** The manifest of the scene's image with other fields. */
export function manifestWith({ registry }: Scene, fields: Record<string, unknown>) {
  const { bytes } = registry.manifests.get("latest") ?? { bytes: Buffer.from("{}") };
  return json({ ...JSON.parse(Buffer.from(bytes).toString("utf8")), ...fields });
}
