/** Finding what claims to sign an image: sigstore/cosign specs/SIGNATURE_SPEC.md and BUNDLE_SPEC.md. */
import { Docker2vmError, EXIT } from "../errors.ts";
import { type Descriptor, readDescriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseDocument } from "../oci/document.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isManifest } from "../oci/media-types.ts";
import { Budget } from "./budget.ts";
import { isBundle } from "./bundle.ts";
import { SIGNATURE_ANNOTATION, SIMPLE_SIGNING, signatureTag } from "./simple-signing.ts";
import type { SignatureStore } from "./store.ts";

/** Bytes that a signed document may have: a payload, or a bundle. */
const SIGNED_LIMIT = 1 << 20;
/** What befalls a document that is itself to blame, or is gone. */
const BROKEN: ReadonlySet<number> = new Set([EXIT.badImage, EXIT.integrity, EXIT.notFound]);

/** Something that is signed, perhaps by the right key, and speaks of the image, perhaps. */
export interface Claim {
  readonly image: RawManifest;
  /** Of the manifest that brings it. */
  readonly broughtBy: Digest;
  readonly bytes: Uint8Array;
  /** Base64, in cosign's older form; undefined for a bundle, which has it inside. */
  readonly signature: string | undefined;
}

/**
 * Everything that claims to sign one of several manifests: under cosign's tags first, then among the referrers. What
 * cannot be read is passed over: whoever may push to a repository must not be able to hide the others.
 */
export class Claims {
  readonly #store: SignatureStore;
  readonly #budget = new Budget();
  readonly #unreadable: Docker2vmError[] = [];

  constructor(store: SignatureStore) {
    this.#store = store;
  }

  get unreadable(): readonly Docker2vmError[] {
    return this.#unreadable;
  }

  /** Whether there is more than was looked at. */
  get incomplete(): boolean {
    return this.#budget.overdrawn;
  }

  /** Throws as the store does, but not over a document that is broken or gone. */
  async *about(images: readonly RawManifest[]): AsyncGenerator<Claim> {
    for (const image of images) {
      const tag = signatureTag(image.digest);
      if (tag === undefined) continue;
      if (!this.#budget.spend("manifests")) return;
      yield* this.#in(image, () => this.#store.tagged(tag));
    }
    for (const image of images) {
      for await (const referrer of this.#referrersOf(image.digest)) {
        yield* this.#in(image, () => this.#store.described(referrer));
      }
    }
  }

  async *#referrersOf(digest: Digest): AsyncGenerator<Descriptor> {
    try {
      for await (const { manifests, size } of this.#store.referrers(digest)) {
        if (!this.#budget.spend("pages") || !this.#budget.spend("bytes", size)) return;
        for (const referrer of manifests) {
          if (!isManifest(referrer.mediaType)) continue;
          if (!this.#budget.spend("manifests")) return;
          yield referrer;
        }
      }
    } catch (error) {
      this.#passOver(error);
    }
  }

  async *#in(image: RawManifest, open: () => Promise<RawManifest | undefined>): AsyncGenerator<Claim> {
    const manifest = await this.#readable(open);
    if (manifest === undefined || !this.#budget.spend("bytes", manifest.bytes.length)) return;
    const layers = (await this.#readable(async () => signedLayers(manifest, this.#store))) ?? [];
    for (const layer of layers) {
      const toRead = Math.min(layer.size, SIGNED_LIMIT);
      if (!this.#budget.spend("documents") || !this.#budget.spend("bytes", toRead)) return;
      const bytes = await this.#readable(() => this.#store.document(layer, SIGNED_LIMIT));
      if (bytes === undefined) continue;
      const signature = isBundle(layer.mediaType) ? undefined : layer.annotations[SIGNATURE_ANNOTATION];
      yield { image, broughtBy: manifest.digest, bytes, signature };
    }
  }

  /** Undefined for a document that is broken or not there; other failures are thrown. */
  async #readable<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      return this.#passOver(error);
    }
  }

  #passOver(error: unknown): undefined {
    if (!(error instanceof Docker2vmError) || !BROKEN.has(error.exitCode)) throw error;
    this.#unreadable.push(error);
    // What does not have the digest or the size it should has been read nevertheless.
    if (error.exitCode === EXIT.integrity) this.#budget.spend("bytes", MANIFEST_LIMIT);
  }
}

/** Not parseManifest: an artifact's layers are no layers of an image. */
function signedLayers(manifest: RawManifest, store: SignatureStore): readonly Descriptor[] {
  const { bytes, digest, mediaType } = manifest;
  if (!isManifest(mediaType)) return [];
  const layers = parseDocument(bytes, store.name(`signature ${digest}`), mediaType)
    .field("layers")
    .items();
  return layers
    .map(readDescriptor)
    .filter(({ mediaType, annotations }) =>
      mediaType === SIMPLE_SIGNING ? SIGNATURE_ANNOTATION in annotations : isBundle(mediaType),
    );
}
