import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { FilePlace } from "./folder-store.ts";

/** An image as found: everything needed to stream its layers. */
export interface ImageSource {
  /** What the user named. */
  readonly origin: SourceOrigin;
  /**
   * Chooses the image for a platform and verifies what describes it: index, manifest and config against their
   * digests, the layers' presence and sizes. Not the layers' bytes; but where those have to be fetched, and `toRead` is
   * set, that may begin.
   */
  resolve(platform: Platform, toRead?: boolean): Promise<ResolvedImage>;
  close(): Promise<void>;
}

export type SourceKind = "oci-layout" | "oci-archive" | "docker-archive" | "stdin" | "registry";

export interface SourceOrigin {
  /** "dockerfile": the image was built for the conversion. */
  readonly kind: SourceKind | "dockerfile";
  /** As the command takes it: "oci:./alpine:3.20", "docker://docker.io/library/alpine:3.20", "-"; a Dockerfile's path. */
  readonly reference: string;
}

export interface ResolvedImage {
  /**
   * Digest of the manifest. A docker-archive has none; there it is the image ID, the sha256 of the config, which
   * names the layers by their diff_ids and so the image as firmly.
   */
  readonly manifestDigest: Digest;
  /** As the config says. */
  readonly platform: Platform;
  readonly config: ImageConfig;
  /** From the base upwards. */
  readonly layers: readonly LayerBlob[];
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
  /** Where the bytes are a file, for a thread that reads it by itself (readPlace) instead of being given them. */
  readonly place?: FilePlace | undefined;
  /**
   * The stored bytes, in order, in chunks of at most 1 MiB that are the caller's to keep. To be opened once. Throws the
   * signal's reason when it is aborted, E_IO when the bytes cannot be read.
   */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Which of several images is meant: by name or by digest; neither where there is only one. */
export interface ImageChoice {
  readonly tag?: string | undefined;
  /** Of a manifest or an index; in a docker-archive the image ID. */
  readonly digest?: string | undefined;
  /** How the user names one, where that is not as in PATH:TAG. */
  readonly howTo?: string | undefined;
}

export type SourceSpec =
  | {
      readonly kind: Exclude<SourceKind, "stdin" | "registry">;
      readonly path: string;
      readonly select?: ImageChoice | undefined;
    }
  | {
      readonly kind: "registry";
      /** As parseImageReference takes it: "alpine:3.20", "ghcr.io/owner/name@sha256:…". */
      readonly reference: string;
    }
  | { readonly kind: "stdin" };
