import type { FilesystemName } from "../filesystem/kind/kind.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import type { PullOptions } from "../source/open.ts";
import type { SourceSpec } from "../source/source.ts";
import type { Limits } from "./limits.ts";
import type { MakeSource } from "./made-source.ts";
import type { ProgressEvent } from "./progress.ts";

/** How images are pulled by their names, and whose they must be. */
export interface RegistryRequest extends Omit<PullOptions, "onEvent"> {
  /** A PEM file: demand a cosign signature by this key, wherever the image is. */
  readonly verifyKeyFile?: string | undefined;
}

/** What a conversion is asked to do. Only `source` and `out` are required. */
export interface ConvertOptions {
  /** Where the image is: a reference as the command takes it ("oci:./alpine", "docker-archive:saved.tar", "-"), or its parts. */
  readonly source: SourceSpec | string;
  /** Makes the image that is converted, in place of `source`. */
  readonly makeSource?: MakeSource | undefined;
  /** The folder that gets `rootfs.ext4` and `meta.json`; made if it is not there. */
  readonly out: string;
  /** "os/arch" or "os/arch/variant"; linux on this machine's architecture if absent. */
  readonly platform?: string | undefined;
  /** What is put in beside the image's own files: nothing, or what a Gondolin guest needs; "baseline" if absent. */
  readonly profile?: "baseline" | "gondolin" | undefined;
  /** With the profile "gondolin": the root filesystem alone, or all the assets of a guest; "rootfs" if absent. */
  readonly mode?: "rootfs" | "assets" | undefined;
  /** Folder of the guest assets that a profile takes its parts from; absent: found as the runtime finds them. */
  readonly guestAssets?: string | undefined;
  /** Environment variables that say where guest assets are; none if absent. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Size of the filesystem in bytes, rounded down to whole blocks; "min": nothing spare; "auto" or absent: the content
   * and free space.
   */
  readonly size?: number | "auto" | "min" | undefined;
  /** Free space in bytes, with the size "auto"; absent: a quarter of what is used, at least 64 MiB. */
  readonly free?: number | undefined;
  /** Inodes in all; absent: enough, and some to spare. */
  readonly inodes?: number | undefined;
  /** The filesystem; "ext4" if absent. */
  readonly fs?: FilesystemName | undefined;
  /** Bytes of the journal, "off", or "auto" if absent: as mke2fs makes it. */
  readonly journal?: number | "auto" | "off" | undefined;
  /** For mounting read-only alone: nothing spare, no journal, and the filesystem says so. */
  readonly readOnly?: boolean | undefined;
  /** Whether there is a lost+found, as e2fsck wants it; true if absent. */
  readonly lostAndFound?: boolean | undefined;
  /** Append a dm-verity hash tree in veritysetup's format. */
  readonly verity?: boolean | undefined;
  /** Volume label, at most 16 bytes; absent: "rootfs", or "gondolin-root" with that profile. */
  readonly label?: string | undefined;
  /** Filesystem UUID; absent: derived from the manifest digest and the options. */
  readonly uuid?: string | undefined;
  /** Seconds since 1970 for the filesystem's own times; absent: the config's `created`, else 0. */
  readonly sourceDateEpoch?: number | undefined;
  /** Replace an existing output. */
  readonly force?: boolean | undefined;
  /** Read the finished file once more and record its sha256 in `meta.json`. */
  readonly digest?: boolean | undefined;
  /** How much the image may hold before it is refused. */
  readonly limits?: Limits | undefined;
  readonly inflate?: InflateChoice | undefined;
  /** Threads that hash and inflate layers, besides the caller's; absent: by the machine. The result is the same. */
  readonly workers?: number | undefined;
  /** How an image is pulled by its name; absent: anonymously, without a cache or a proxy. */
  readonly registry?: RegistryRequest | undefined;
  /** The bytes behind the source "-". */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What it throws ends everything, and is what the promise is rejected with. It is not waited for. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}
