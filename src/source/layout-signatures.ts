/** Signatures that lie in a layout beside the image, as the programs leave them that copy them there. */
import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import type { ImageIndex, ReferrersPage } from "../oci/index-document.ts";
import { parseJson } from "../oci/json.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isManifest, OCI_MANIFEST } from "../oci/media-types.ts";
import { requireSignature } from "../signature/require-signature.ts";
import type { SignatureStore } from "../signature/store.ts";
import { blobName, listBlobs, readBlob } from "./blobs.ts";
import { isNamed, isSavedSignature } from "./choose-image.ts";
import { type FileStore, readWhole } from "./file-store.ts";

/** Bytes that a manifest of signatures has at most; larger blobs are something else. */
const REFERRER_LIMIT = 64 << 10;
/** Bytes of small blobs that are searched for them. */
const SEARCH_LIMIT = 64 << 20;
const OPENING_BRACE = 0x7b;

/** As requireSignature, for manifests and indexes of a layout; `index` is its index.json. Throws as readBlob does. */
export async function requireLayoutSignature(
  store: FileStore,
  index: ImageIndex,
  images: readonly Descriptor[],
  key: KeyObject,
): Promise<void> {
  const signatures = new LayoutSignatures(store, index);
  const manifests: RawManifest[] = [];
  for (const image of images) manifests.push(await signatures.described(image));
  await requireSignature(signatures, manifests, key);
}

/** Manifests of the layout by the digest of what they refer to. */
interface Found {
  readonly bySubject: ReadonlyMap<string, readonly Descriptor[]>;
  /** Whether everything was searched. */
  readonly complete: boolean;
}

class LayoutSignatures implements SignatureStore {
  readonly unsignedHint =
    "a layout has its image's signature only if that was copied as well, as cosign save and oras cp --recursive do; " +
    "or pull the image by its name";
  readonly #store: FileStore;
  readonly #index: ImageIndex;
  #found: Found | undefined;

  constructor(store: FileStore, index: ImageIndex) {
    this.#store = store;
    this.#index = index;
  }

  name(what: string): string {
    return `${this.#store.name}: ${what}`;
  }

  async tagged(tag: string): Promise<RawManifest | undefined> {
    const found = this.#index.manifests.find((manifest) => isNamed(manifest, tag));
    return found === undefined ? undefined : this.described(found);
  }

  /** What cosign marks as signatures, whatever of, then all that names the digest as its subject. */
  async *referrers(digest: Digest): AsyncGenerator<ReferrersPage> {
    yield { manifests: this.#index.manifests.filter(isSavedSignature), size: 0 };
    this.#found ??= await this.#search();
    yield { manifests: this.#found.bySubject.get(digest) ?? [], size: 0 };
    if (this.#found.complete) return;
    throw new Docker2vmError("E_UNSUPPORTED", this.name(`more than ${SEARCH_LIMIT} bytes in small blobs`));
  }

  async described(descriptor: Descriptor): Promise<RawManifest> {
    const { digest, mediaType } = descriptor;
    return { bytes: await readBlob(this.#store, descriptor, "manifest", MANIFEST_LIMIT), digest, mediaType };
  }

  document(descriptor: Descriptor, limit: number): Promise<Uint8Array> {
    return readBlob(this.#store, descriptor, "signature", limit);
  }

  /** What index.json lists, as oras writes it, and then every small blob: cosign 3 saves its bundles unlisted. */
  async #search(): Promise<Found> {
    const bySubject = new Map<string, Descriptor[]>();
    const seen = new Set<Digest>();
    let searched = 0;
    for await (const digest of this.#candidates()) {
      if (seen.has(digest)) continue;
      seen.add(digest);
      const bytes = await this.#smallBlob(digest);
      searched += bytes?.length ?? 0;
      if (searched > SEARCH_LIMIT) return { bySubject, complete: false };
      const subject = bytes === undefined ? undefined : subjectOf(bytes);
      if (bytes === undefined || subject === undefined) continue;
      const referrer = { mediaType: OCI_MANIFEST, digest, size: bytes.length, annotations: {}, urls: [] };
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), referrer]);
    }
    return { bySubject, complete: true };
  }

  async *#candidates(): AsyncGenerator<Digest> {
    for (const { digest, mediaType } of this.#index.manifests) if (isManifest(mediaType)) yield digest;
    yield* listBlobs(this.#store);
  }

  /** Undefined for what is too large, and for what cannot be read: others are not to be hidden by it. */
  async #smallBlob(digest: Digest): Promise<Uint8Array | undefined> {
    try {
      const blob = await this.#store.find(blobName(digest));
      if (blob === undefined || blob.size > REFERRER_LIMIT) return undefined;
      return await readWhole(blob, REFERRER_LIMIT, this.name(`blob ${digest}`));
    } catch (error) {
      if (error instanceof Docker2vmError) return undefined;
      throw error;
    }
  }
}

/** What a manifest says that it refers to. */
function subjectOf(bytes: Uint8Array): string | undefined {
  // Most blobs are layers: there is no need to make text of them.
  if (bytes[0] !== OPENING_BRACE) return undefined;
  try {
    const subject = parseJson(bytes, "manifest", REFERRER_LIMIT).field("subject");
    return subject.missing ? undefined : subject.field("digest").string();
  } catch {
    return undefined;
  }
}
