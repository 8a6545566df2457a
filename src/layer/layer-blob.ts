import { type Digest, digestHex } from "../oci/digest.ts";

/** A layer as it is stored: the part of it that reading needs. */
export interface LayerBlob {
  /** 0 for the lowest layer. */
  readonly index: number;
  /** Of the stored bytes; undefined where the image's format names none (docker save). */
  readonly digest: Digest | undefined;
  /** Stored bytes. */
  readonly size: number;
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  readonly mediaType: string;
  /** Whether whoever gives the bytes ends them only if `digest` holds, and throws E_DIGEST_MISMATCH else. */
  readonly checked: boolean;
  /** The stored bytes, in chunks that are the reader's own from then on: it may give their memory back. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What messages call a layer: "layer 3 (sha256:0123456789ab…)", counted from 1. */
export function layerName({ index, digest, diffId }: Pick<LayerBlob, "index" | "digest" | "diffId">): string {
  const named = digest ?? diffId;
  const hex = digestHex(named);
  return `layer ${index + 1} (${named.slice(0, named.length - hex.length)}${hex.slice(0, 12)}…)`;
}
