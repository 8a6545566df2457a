import type { EditMetadata } from "../edits/edit.ts";
import type { FilesystemName } from "../filesystem/kind/kind.ts";
import type { Monitor } from "../launch/monitors.ts";
import type { Digest } from "../oci/digest.ts";
import type { BootstrapDocument } from "../profile/init/bootstrap.ts";
import type { ProfileMetadata, ProfileName } from "../profile/profile.ts";

export const METADATA_NAME = "meta.json";

/** The contents of `meta.json`. Nothing in it comes from a clock or a machine. */
export interface ImageMetadata {
  readonly schemaVersion: 1;
  readonly source: { readonly kind: string; readonly reference: string };
  /** Digest of the manifest; of the config (the image ID) where a docker-archive has no manifest. */
  readonly sourceDigest: Digest;
  /** "linux/arm64/v8" */
  readonly platform: string;
  readonly mode: "rootfs" | "assets";
  readonly profile: ProfileName;
  readonly runtime: RuntimeMetadata;
  readonly layers: readonly LayerMetadata[];
  readonly filesystem: FilesystemMetadata;
  /** The empty disk beside the image, where one was asked for. */
  readonly writableDisk?: WritableDiskMetadata;
  /** What was changed of the image's files, in order; absent: nothing. */
  readonly edits?: readonly EditMetadata[];
  /** What a profile put in. */
  readonly injection?: InjectionMetadata;
  /** Names of the files that a profile made beside the image. */
  readonly assets?: readonly string[];
  /** The files beside the image that start it, where they were asked for. */
  readonly launch?: readonly LaunchMetadata[];
  /** sha256 of the whole of the filesystem image, where it was asked for. */
  readonly rootfsDigest?: Digest;
}

/** A file that starts the image in a machine monitor. */
export interface LaunchMetadata {
  readonly monitor: Monitor;
  /** Its name, beside the image. */
  readonly file: string;
  /** What starts the machine, in the folder of the image. */
  readonly command: readonly string[];
}

/** How the image's config says its workload is to be run. */
export interface RuntimeMetadata {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string;
  readonly volumes: readonly string[];
}

/** What was put in beside the image's own files: `paths` in the image, and what the profile says of it. */
export interface InjectionMetadata extends ProfileMetadata {
  readonly paths: readonly string[];
  /** With the profiles "init", "systemd" and "cloud-init": how the workload will be run. */
  readonly bootstrap?: BootstrapDocument;
}

/** A layer, from the base upwards. */
export interface LayerMetadata {
  /** Digest of the layer as stored; absent where only its diffId names it (docker-archive). */
  readonly digest?: Digest;
  readonly diffId: Digest;
  /** Bytes as stored. */
  readonly size: number;
}

/** The filesystem that was made. */
export interface FilesystemMetadata {
  readonly type: FilesystemName;
  /** 8-4-4-4-12 hexadecimal digits, lower case. */
  readonly uuid: string;
  readonly label: string;
  /** Bytes of a block. */
  readonly blockSize: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  /** Whether it is for mounting read-only alone, as was asked for; absent: not. */
  readonly readOnly?: true;
  /** How contents are compressed, if they are. */
  readonly compression?: CompressionMetadata;
  readonly verity?: VerityMetadata;
}

/** An empty disk for what a guest changes, and the filesystem on it. */
export interface WritableDiskMetadata extends FilesystemMetadata {
  /** What it is called in the image's folder. */
  readonly file: string;
}

/** How contents of a filesystem are compressed. */
export interface CompressionMetadata {
  readonly algorithm: "lz4";
  /** 1, fast, to 9, small. */
  readonly level: number;
  /** Most bytes that contents are compressed to as one. */
  readonly clusterSize: number;
}

/** A dm-verity hash tree behind the filesystem (kernel, Documentation/admin-guide/device-mapper/verity.rst). */
export interface VerityMetadata {
  /** sha256, hex: what a guest must be given by somebody it trusts. */
  readonly rootHash: string;
  /** Hex. */
  readonly salt: string;
  readonly uuid: string;
  /** Bytes from the file's start to the tree's superblock. */
  readonly hashOffset: number;
}

/** As the file has it. */
export function metadataText(metadata: ImageMetadata): string {
  return `${JSON.stringify(metadata, undefined, 2)}\n`;
}
