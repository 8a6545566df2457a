/** The identifier that Gondolin gives to a set of assets (computeAssetBuildId of its assets.ts). */
import { createHash } from "node:crypto";
import type { Architecture } from "./architecture.ts";

/** sha256, hex. */
export interface AssetChecksums {
  readonly kernel: string;
  readonly initramfs: string;
  readonly rootfs: string;
  readonly krunKernel?: string;
  readonly krunInitrd?: string;
}

const NAMESPACE = "7b6ed0c0-7e7f-4c2a-8b2d-0bf3d5be9d52";
const IN_ORDER = ["kernel", "initramfs", "rootfs", "krunKernel", "krunInitrd"] as const;

export function assetBuildId(checksums: AssetChecksums, arch: Architecture): string {
  const lines = IN_ORDER.filter((name) => checksums[name] !== undefined).map(
    (name) => `${name}=${checksums[name]}`,
  );
  return uuidV5(["gondolin-asset-build", ...lines, `arch=${arch}`].join("\n"), NAMESPACE);
}

/** RFC 9562, section 5.5: a UUID by name. */
function uuidV5(name: string, namespace: string): string {
  const hash = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  const bytes = hash.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
