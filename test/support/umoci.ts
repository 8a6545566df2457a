/** The reference for what an image's layers amount to: umoci unpack as root. */
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk } from "./oracles.ts";

export interface ManifestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Unpacks one manifest of an OCI layout, hands over the root filesystem's folder, and removes it whatever happens. */
export async function withUmociUnpacked<Result>(
  layout: string,
  manifest: ManifestDescriptor,
  use: (rootfs: string) => Result | Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "umoci-"));
  try {
    // A layout of its own: umoci picks by tag, and the tag in a layout of several platforms is not unique.
    const annotations = { "org.opencontainers.image.ref.name": "test" };
    const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
    cpSync(join(layout, "oci-layout"), join(folder, "oci-layout"));
    symlinkSync(join(layout, "blobs"), join(folder, "blobs"));
    writeFileSync(join(folder, "index.json"), JSON.stringify(index));
    runOk("umoci", ["unpack", "--image", `${folder}:test`, join(folder, "bundle")]);
    return await use(join(folder, "bundle/rootfs"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
