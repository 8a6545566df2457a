import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ReferrersPage } from "../oci/index-document.ts";
import type { RawManifest } from "../oci/manifest.ts";

/** Where an image lies, and its signatures with it: a repository, or a layout. Everything is checked by digest. */
export interface SignatureStore {
  /** What to do where an image bears no signature at all, if there is more to say than of any other. */
  readonly unsignedHint?: string | undefined;
  /** What messages call something in it. */
  name(what: string): string;
  /** What a tag stands for; undefined where there is no such tag. */
  tagged(tag: string): Promise<RawManifest | undefined>;
  /** What refers to the manifest of a digest, or may do so, page after page. */
  referrers(digest: Digest): AsyncIterable<ReferrersPage>;
  /** The manifest a descriptor points at. Throws E_IMAGE_NOT_FOUND or E_BAD_MANIFEST where it is not there. */
  described(descriptor: Descriptor): Promise<RawManifest>;
  /** A small blob. Throws likewise, and E_BAD_MANIFEST if it has more than `limit` bytes. */
  document(descriptor: Descriptor, limit: number): Promise<Uint8Array>;
}
