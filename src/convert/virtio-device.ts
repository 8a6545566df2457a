import type { FilesystemName } from "../filesystem/kind/kind.ts";
import { given } from "../given.ts";
import { convert } from "./convert.ts";
import type { FilesystemMetadata, ImageMetadata, RuntimeMetadata } from "./meta.ts";
import type { ImageOptions } from "./options.ts";
import { virtioFilesystem } from "./virtio-filesystem.ts";

/** A device to be made of a container image, by the names that ec1 has for its parts. */
export interface ContainerToVirtioOptions extends Omit<ImageOptions, "source"> {
  /** As the command takes it: "alpine:3.20", "oci:./alpine". */
  readonly imageRef: string;
  /** The file; one that is there is replaced. */
  readonly outputPath: string;
  /** "ext4" if absent; with `readOnly` and without a size "erofs". */
  readonly filesystemType?: FilesystemName | undefined;
  /** Bytes; absent: what is used, and free space, if anything is to be written. */
  readonly size?: number | undefined;
  /** For mounting read-only alone; false if absent. */
  readonly readOnly?: boolean | undefined;
}

/** A disk for a virtual machine: what is to be told of it to attach, mount and run it. */
export interface VirtioDevice {
  /** Absolute. */
  readonly path: string;
  /** How the file holds the disk: byte for byte. */
  readonly format: "raw";
  /** Bytes. */
  readonly size: number;
  /** Whether the machine is to be kept from writing to it. */
  readonly readOnly: boolean;
  readonly filesystem: FilesystemMetadata;
  /** "linux/amd64" */
  readonly platform: string;
  /** How the image says its workload is to be run. */
  readonly runtime: RuntimeMetadata;
  /** All that `meta.json` would hold. */
  readonly metadata: ImageMetadata;
}

/**
 * Converts a container image into the file of a virtio block device, and tells what a machine's configuration needs of
 * it. Needs no root and no programs. Throws as `convert` does.
 *
 * @example
 * ```ts
 * import { containerToVirtioDevice } from "docker2vm";
 *
 * const { path, readOnly, filesystem } = await containerToVirtioDevice({
 *   imageRef: "oci:./alpine",
 *   platform: "linux/amd64",
 *   outputPath: "./alpine.img",
 *   readOnly: true,
 * });
 * const drive = `file=${path},format=raw,if=virtio,readonly=${readOnly ? "on" : "off"}`;
 * console.log(["-drive", drive, "-append", `root=/dev/vda ro rootfstype=${filesystem.type}`]);
 * ```
 */
export async function containerToVirtioDevice(options: ContainerToVirtioOptions): Promise<VirtioDevice> {
  given(options, { imageRef: "text", outputPath: "text" });
  const { imageRef, outputPath, filesystemType, size, readOnly, ...image } = options;
  const { rootfsPath, apparentBytes, metadata } = await convert({
    ...image,
    source: imageRef,
    out: { file: outputPath },
    force: true,
    filesystem: virtioFilesystem({ filesystemType, size, readOnly }),
  });
  const { filesystem, platform, runtime } = metadata;
  return {
    path: rootfsPath,
    format: "raw",
    size: apparentBytes,
    readOnly: readOnly === true || filesystem.type === "erofs",
    filesystem,
    platform,
    runtime,
    metadata,
  };
}
