import type { Edit } from "../edits/edit.ts";
import type { FilesystemName, FilesystemOptions } from "../filesystem/kind/kind.ts";
import type { Monitor } from "../launch/monitors.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import type { WorkloadOverrides } from "../profile/init/overrides.ts";
import type { ProfileName } from "../profile/profile.ts";
import type { RegistryAccess } from "../source/registry-options.ts";
import type { SourceSpec } from "../source/source.ts";
import type { Limits } from "./limits.ts";
import type { ProgressEvent } from "./progress.ts";

/** Environment variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which image, where it is, and who hears of what happens on the way to it. */
export interface ImageOptions {
  /**
   * Where the image is: a reference as the command takes it ("alpine:3.20", "oci:./alpine", "docker-archive:saved.tar"),
   * or its parts; the bytes of an archive are among those.
   */
  readonly source: SourceSpec | string;
  /** "os/arch" or "os/arch/variant"; linux on this machine's architecture if absent. */
  readonly platform?: string | undefined;
  /** Take the only image there is, whatever its platform says: as one for `platform`, if that is given. */
  readonly anyPlatform?: boolean | undefined;
  /** How an image is pulled by its name; absent: anonymously, without a cache or a proxy. */
  readonly registry?: RegistrySettings | undefined;
  /** How much the image may hold before it is refused. */
  readonly limits?: Limits | undefined;
  /** Ends everything when it fires, with E_INTERRUPTED or, if that is one, the Docker2vmError that is its reason. */
  readonly signal?: AbortSignal | undefined;
  /** What it throws ends everything, and is what the promise is rejected with. It is not waited for. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** One file for an image, in place of a folder. */
export interface OutputFile {
  /** The image's file. Its folder is made if it is not there. */
  readonly file: string;
  /** Write what `meta.json` would hold beside it, into a file with `.meta.json` behind its name; false if absent. */
  readonly metadata?: boolean | undefined;
}

/** What a conversion is asked to do. Only `source` and `out` are required. */
export interface ConvertOptions extends ImageOptions {
  /** The folder that gets `rootfs.ext4` and `meta.json`; made if it is not there. Or one file, for the image alone. */
  readonly out: string | OutputFile;
  /** Replace an existing output. */
  readonly force?: boolean | undefined;
  /** Read the finished file once more and record its sha256 in `meta.json`. */
  readonly digest?: boolean | undefined;
  /**
   * Write zeros where the image would have holes. It reads the same, and takes as much of the disk as it is long: for
   * what copies an image without its holes to where other bytes were.
   */
  readonly dense?: boolean | undefined;
  /** The filesystem that is made; as the command's defaults are if absent. */
  readonly filesystem?: FilesystemSettings | undefined;
  /** An empty disk beside the image, in a folder; none if absent. */
  readonly writableDisk?: WritableDisk | undefined;
  /** What of the image's files is to be other, in this order; nothing if absent. */
  readonly edits?: readonly Edit[] | undefined;
  /** What is put in beside the image's own files; nothing if absent. */
  readonly profile?: ProfileSettings | undefined;
  /** Files beside the image that start it in machine monitors; none if absent. */
  readonly launch?: LaunchSettings | undefined;
  /** Seconds since 1970 for the filesystem's own times; absent: the config's `created`, else 0. */
  readonly sourceDateEpoch?: number | undefined;
  /** Results of earlier conversions, which are as good as new ones; absent: none is used, none is kept. */
  readonly results?: ResultSettings | undefined;
  /** Layers as they are unpacked, from earlier conversions and for later ones; absent: none is used, none is kept. */
  readonly layerStore?: LayerStoreSettings | undefined;
  /** Who decompresses the layers; "auto" if absent. The result is the same. */
  readonly inflate?: InflateChoice | undefined;
  /** Threads that hash and inflate layers, besides the caller's; absent: by the machine. The result is the same. */
  readonly workers?: number | undefined;
}

/** What is to be made of an image, whichever it is. */
export type ConversionOptions = Omit<ConvertOptions, "source">;

/** The same, wherever it goes. */
export type MakingOptions = Omit<ConversionOptions, "out" | "force" | "writableDisk" | "launch" | "results">;

/**
 * Where results of conversions are looked for, and kept. That is done for images whose manifest is known before the work:
 * of registries, layouts and OCI tars; not with the profile "gondolin", nor with `dense`.
 */
export interface ResultSettings {
  /** Folder of a cache, as `registry.cacheFolder` is; absent: none is used on this machine. */
  readonly cacheFolder?: string | undefined;
  /** Keep a result also where that takes a copy of it; false if absent: only as a clone, which takes no time. */
  readonly copies?: boolean | undefined;
  /** Repository in a registry, without a tag, that is asked next. */
  readonly from?: string | undefined;
  /** Repository, without a tag, that new results are put into. */
  readonly pushTo?: string | undefined;
}

/**
 * Where layers are kept as they are unpacked, once all their digests have held: the next image that has one needs neither
 * its blob nor the time to inflate and hash it. The result is the same.
 */
export interface LayerStoreSettings {
  /** Of a cache, as `registry.cacheFolder` is. */
  readonly folder: string;
  /** Bytes of the disk that kept layers may take; 10 GiB if absent. */
  readonly limit?: number | undefined;
  /** Bytes of a stored layer from which on it is kept, and looked for: inflating a small one takes no longer; 0 if absent. */
  readonly least?: number | undefined;
  /** Say nothing where layers cannot be kept; false if absent: that is a warning. */
  readonly quiet?: boolean | undefined;
}

/**
 * An empty disk, `writable.ext4` or `writable.xfs`, for what a guest changes: the upper layer of an overlay over a root
 * that is read-only.
 */
export interface WritableDisk {
  /** Bytes. */
  readonly size: number;
  /** Its filesystem; "ext4" if absent. */
  readonly type?: "ext4" | "xfs" | undefined;
}

/** Which machine monitors files are made for, and the machines that they describe. */
export interface LaunchSettings {
  readonly monitors: readonly Monitor[];
  /** Path of the kernel, which nobody looks for; "kernel" beside the image if absent. */
  readonly kernel?: string | undefined;
  /** Path of an initramfs; none if absent. */
  readonly initramfs?: string | undefined;
  /** Bytes of memory, whole MiB; 512 MiB if absent. */
  readonly memory?: number | undefined;
  /** Processors; 1 if absent. */
  readonly cpus?: number | undefined;
}

/** Of which kind a filesystem is, how large, and what it is called. */
export interface FilesystemSettings extends FilesystemOptions {
  /** "ext4" if absent. */
  readonly type?: FilesystemName | undefined;
  /** Volume label, at most 16 bytes; absent: "rootfs", or "gondolin-root" with that profile. */
  readonly label?: string | undefined;
  /** "01234567-89ab-cdef-0123-456789abcdef", not all zero; absent: derived from the manifest digest and the options. */
  readonly uuid?: string | undefined;
  /** Append a dm-verity hash tree in veritysetup's format. */
  readonly verity?: boolean | undefined;
}

/** What is put in beside the image's own files, and where it is taken from. */
export interface ProfileSettings {
  /**
   * Nothing, what a Gondolin guest needs, an init that runs the workload in any machine ("init", by another name
   * "ovms"), or what has the image's own systemd or cloud-init run it; "baseline" if absent.
   */
  readonly name?: ProfileName | "ovms" | undefined;
  /** With the profile "gondolin": the root filesystem alone, or all the assets of a guest; "rootfs" if absent. */
  readonly mode?: "rootfs" | "assets" | undefined;
  /** Folder of the guest assets that the profile takes its parts from; absent: found as the runtime finds them. */
  readonly guestAssets?: string | undefined;
  /** With the profiles "init", "systemd" and "cloud-init": what of the workload is to be other than the image says. */
  readonly workload?: WorkloadOverrides | undefined;
  /**
   * With the profile "init": the machine's address, "dhcp" or "10.0.0.2/24,gateway=10.0.0.1,dns=10.0.0.1", with
   * "device=NAME" where it is not the first one; the loopback alone if absent.
   */
  readonly ip?: string | undefined;
  /** With the profile "systemd": the machine goes on when its workload has ended; false if absent. */
  readonly keepRunning?: boolean | undefined;
  /** With the profile "cloud-init": the seed as a volume beside the image, `seed.img`, and nothing in the image. */
  readonly seedImage?: boolean | undefined;
  /** Environment variables, which say where guest assets are and have the values of `workload.env`; none if absent. */
  readonly environment?: Environment | undefined;
}

/** How images are pulled by their names, and whose they must be. */
export interface RegistrySettings extends RegistryAccess {
  /**
   * Where proxies, credentials and the places of other engines are named: HTTPS_PROXY, DOCKER_CONFIG, DOCKER_HOST, HOME, PATH
   * and their like; none if absent.
   */
  readonly environment?: Environment | undefined;
  /** Folder of layers and documents by their digests, made if it is not there; absent: nothing is kept. */
  readonly cacheFolder?: string | undefined;
  /** Why there is no cache where one was to be used: told as a warning, if anything is pulled. */
  readonly cacheAbsence?: string | undefined;
  /** Ask no server: everything must be in the cache. */
  readonly offline?: boolean | undefined;
  /** Layers fetched at once, at most; 4 if absent. */
  readonly concurrency?: number | undefined;
  /** A PEM file: demand a cosign signature by this key, wherever the image is. */
  readonly verifyKeyFile?: string | undefined;
}
