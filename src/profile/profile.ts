import type { ExecutionParameters } from "../oci/config.ts";
import type { Platform } from "../oci/platform.ts";
import type { Directory, Extent, RegularFile, Timestamp } from "../tree/inode.ts";
import type { BootstrapDocument } from "./init/bootstrap.ts";

/** The profiles by their names, each once. "baseline" adds nothing. */
export type ProfileName = "baseline" | "gondolin" | "init" | "systemd" | "cloud-init";

/** The contents of files in the image that is being made. */
export interface ContentStore {
  /** Puts the contents of a new file of `size` bytes into the image. Blocks of zeros become holes. */
  place(size: number, pieces: Iterable<Uint8Array>): readonly Extent[];
  /** The contents of a file that the image holds; what its extents leave out is zeros. */
  read(file: RegularFile): Promise<Uint8Array>;
}

/** The image as its layers made it, for a profile to add to. */
export interface ImageInProgress {
  readonly root: Directory;
  readonly contents: ContentStore;
  readonly runtime: ExecutionParameters;
  readonly platform: Platform;
  /** When whatever has no time of its own was made. */
  readonly time: Timestamp;
  readonly warn: (message: string) => void;
}

/** What a profile put into an image. */
export interface Injection {
  /** Every path that was added (bytes, one character each), sorted. */
  readonly paths: readonly string[];
  /** sha256, hex, of all that was added: paths, attributes and contents. */
  readonly digest: string;
  /** How the workload will be run, where that is settled. */
  readonly bootstrap?: BootstrapDocument;
  readonly metadata: ProfileMetadata;
}

/** What a profile has to say of itself in `meta.json`. */
export interface ProfileMetadata {
  /** With "init", ovms-init; with "systemd", the image's own, without a sum. */
  readonly init?: ProgramMetadata | undefined;
  /** With "systemd" and "cloud-init": the workload's unit; null where the image names no workload. */
  readonly service?: string | null | undefined;
  /** With "systemd" and "cloud-init": ovms-init, which starts the workload for that unit. */
  readonly program?: ProgramMetadata | undefined;
  /** With "cloud-init": the instance-id of the seed. */
  readonly instanceId?: string | undefined;
  /** With "gondolin": the root filesystem alone, or all assets of a guest. */
  readonly mode?: "rootfs" | "assets" | undefined;
  /** With "gondolin": the guest assets that parts were taken from. */
  readonly base?: BaseMetadata | undefined;
}

/** A program in the image. */
export interface ProgramMetadata {
  readonly path: string;
  /** Of its file, hexadecimal. */
  readonly sha256?: string | undefined;
}

/** Guest assets, as their own manifest tells of them. */
export interface BaseMetadata {
  readonly arch: string;
  readonly buildId?: string | undefined;
  /** sha256 of each file, hexadecimal. */
  readonly checksums?: Readonly<Record<string, string>> | undefined;
}

/** A finished conversion, for files that go beside it. */
export interface FinishedImage {
  /** sha256 of rootfs.ext4, hex: the first to ask has the whole file read. */
  rootfsDigest(): Promise<string>;
  readonly manifestDigest: string;
  readonly platform: Platform;
  readonly time: Timestamp;
  /** Where the file that will be called `name` is to be written. */
  path(name: string): string;
}

/** What is put in beside an image's own files so that a kind of machine can boot it. */
export interface Profile {
  /** Names of the files that it makes beside rootfs.ext4. */
  readonly outputs: readonly string[];
  /** Adds to the tree; nothing of the image is replaced or hidden. */
  inject(image: ImageInProgress): Promise<Injection>;
  /** Makes the files named in `outputs`. Called only if there are any. */
  writeOutputs(image: FinishedImage): Promise<void>;
  close(): void;
}
