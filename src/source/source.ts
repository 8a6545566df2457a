import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform, WantedPlatform } from "../oci/platform.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { FilePlace } from "./file-place.ts";

/** An image as found: everything needed to stream its layers. */
export interface ImageSource {
  /** What the user named. */
  readonly origin: SourceOrigin;
  /**
   * Chooses the image for a platform and verifies what describes it: index, manifest and config against their
   * digests, the layers' presence and sizes. Not the layers' bytes; but where those have to be fetched, and `toRead` is
   * set, that may begin.
   */
  resolve(platform: WantedPlatform, toRead?: boolean): Promise<ResolvedImage>;
  close(): Promise<void>;
}

export type SourceKind =
  | "oci-layout"
  | "oci-archive"
  | "docker-archive"
  | "stdin"
  | "stream"
  | "registry"
  | EngineSource["kind"]
  | RootfsSource["kind"];

export interface SourceOrigin {
  /** "dockerfile": the image was built for the conversion. */
  readonly kind: SourceKind | "dockerfile";
  /**
   * As the command takes it: "oci:./alpine:3.20", "docker://docker.io/library/alpine:3.20", "-"; a Dockerfile's path; what
   * a stream is called.
   */
  readonly reference: string;
}

export interface ResolvedImage {
  /**
   * Digest of the manifest. A docker-archive has none; there it is the image ID, the sha256 of the config, which
   * names the layers by their diff_ids and so the image as firmly.
   */
  readonly manifestDigest: Digest;
  /** As the config says, or what settlePlatform makes of it. */
  readonly platform: Platform;
  readonly config: ImageConfig;
  /** From the base upwards. */
  readonly layers: readonly LayerBlob[];
  /** What its documents do not say as they should. */
  readonly warnings: readonly string[];
  /** What the filesystem was called that this one is made of; absent where it is made of something else. */
  readonly names?: FilesystemNames | undefined;
}

/** What a filesystem is told apart by. */
export interface FilesystemNames {
  /** 16 bytes; undefined if they are all zero. */
  readonly uuid: Uint8Array | undefined;
  /** Bytes, one character each. */
  readonly label: string;
}

/** One layer, ready to stream. */
export interface LayerBlob {
  /** 0 is the base. */
  readonly index: number;
  /**
   * Digest of the stored bytes. Undefined where nothing states it, which is for compressed layers of some
   * docker-archives: there only `diffId` speaks for the bytes.
   */
  readonly digest: Digest | undefined;
  /** Stored bytes. */
  readonly size: number;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  readonly mediaType: string;
  /** Whether the bytes end only if `digest` holds, and with E_DIGEST_MISMATCH else: checking them again is no use. */
  readonly checked: boolean;
  /** Where the bytes lie in a file, for a thread that reads it by itself (readPlace) instead of being given them. */
  readonly place?: FilePlace | undefined;
  /**
   * The stored bytes, in order, in chunks of at most 1 MiB that are the caller's to keep. To be opened once. Throws the
   * signal's reason when it is aborted, E_IO when the bytes cannot be read.
   */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Tells that nobody is going to open it, as it seems; where bytes have to be fetched, none of them are. */
  leave?(): void;
}

/** Which of several images is meant: by name or by digest; neither where there is only one. */
export interface ImageChoice {
  readonly tag?: string | undefined;
  /** Of a manifest or an index; in a docker-archive the image ID. */
  readonly digest?: string | undefined;
  /** How the user names one, where that is not as in PATH:TAG. */
  readonly howTo?: string | undefined;
}

/** Where a container image is. */
export type ImageSpec = PathSource | RegistrySource | EngineSource | StreamSource | StandardInputSource;

/** Where a container image is that another program keeps. */
export type EngineSource = DockerDaemonSource | ContainersStorageSource | ContainerdSource;

/** Where a root filesystem is that is no container image: its files alone, without a config. */
export type RootfsSource = RootfsTarSource | FolderSource | FilesystemSource;

/** Where what is to be converted is. */
export type SourceSpec = ImageSpec | RootfsSource;

/** A folder or a file that holds images. */
export interface PathSource {
  readonly kind: "oci-layout" | "oci-archive" | "docker-archive";
  readonly path: string;
  readonly select?: ImageChoice | undefined;
}

/** An image in a registry. */
export interface RegistrySource {
  readonly kind: "registry";
  /** As `docker pull` takes it: "alpine:3.20", "ghcr.io/owner/name@sha256:…". */
  readonly reference: string;
}

/** An image that a Docker engine has, or a service that speaks its API, as Podman's does. */
export interface DockerDaemonSource {
  readonly kind: "docker-daemon";
  /** "alpine:3.20", "name@sha256:…", or an ID. */
  readonly name: string;
  /**
   * "unix:///PATH" or "tcp://HOST:PORT"; absent: by DOCKER_HOST and Docker's contexts in the registry's `environment`, else
   * Docker's usual socket.
   */
  readonly host?: string | undefined;
}

/** An image in the storage of Podman, Buildah or CRI-O, read without them. */
export interface ContainersStorageSource {
  readonly kind: "containers-storage";
  /** "alpine:3.20", "localhost/built", "name@sha256:…", or an ID. */
  readonly name: string;
  /** The graph root; absent: as storage.conf and the `environment` say, or the usual one of this user. */
  readonly root?: string | undefined;
  /** "overlay" or "vfs"; absent: the one that is there. */
  readonly driver?: string | undefined;
}

/** An image in containerd's content store, read without it. */
export interface ContainerdSource {
  readonly kind: "containerd";
  /** As containerd has it, "docker.io/library/alpine:3.20", or shorter; "@sha256:…" for a digest alone. */
  readonly name: string;
  /** Absent: CONTAINERD_NAMESPACE of the `environment`, else "default". */
  readonly namespace?: string | undefined;
  /** containerd's root; absent: as its config.toml says, else /var/lib/containerd. */
  readonly root?: string | undefined;
}

/**
 * The bytes of an archive, as `docker save` writes it or of an OCI layout, compressed or not: all of them, or as they
 * come. What comes is kept on disk while it is read, for its table of contents comes last.
 */
export interface StreamSource {
  readonly kind: "stream";
  readonly bytes: ByteStream;
  /** What messages and `meta.json` call it; "the stream" if absent. */
  readonly name?: string | undefined;
}

/** A stream that is called standard input: what the command's "-" stands for. */
export interface StandardInputSource {
  readonly kind: "stdin";
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether each chunk is good only until the next is asked for. */
  readonly areLent?: boolean | undefined;
  /** Path of the file that the bytes are, where they are one: it is read by position instead, and kept nowhere. */
  readonly file?: string | undefined;
}

/**
 * One tar of all files, as `docker export` writes it, compressed or not: in a file, or its bytes as they come. Names that
 * would be whiteouts in a layer are names like others.
 */
export type RootfsTarSource =
  | { readonly kind: "rootfs-tar"; readonly path: string }
  | {
      readonly kind: "rootfs-tar";
      readonly path?: undefined;
      readonly bytes: ByteStream;
      /** What messages and `meta.json` call it; "the tar" and "-" if absent. */
      readonly name?: string | undefined;
    };

/**
 * A folder as it is, with all that its filesystem keeps but the times of access and of the inode's change. What is mounted
 * below it stays out.
 */
export interface FolderSource extends Ownership {
  readonly kind: "dir";
  readonly path: string;
  /** Whether files keep their extended attributes; true if absent. */
  readonly xattrs?: boolean | undefined;
}

/** Whose the files of a folder are to be. */
export interface Ownership {
  /** Everybody's files are this one's. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Of others the numbers stay. */
  readonly mapUid?: readonly IdRange[] | undefined;
  readonly mapGid?: readonly IdRange[] | undefined;
}

/** Users, or groups, by number: `count` from `from` on become those from `to` on. */
export interface IdRange {
  /** The first number there. */
  readonly from: number;
  /** What that is in the image. */
  readonly to: number;
  /** 1 if absent. */
  readonly count?: number | undefined;
}

/** The image of a filesystem, whoever made it, to be made anew: it keeps its UUID and its label unless others are given. */
export interface FilesystemSource {
  readonly kind: "image";
  readonly path: string;
}
