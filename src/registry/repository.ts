import type { OptionalCache } from "../cache/optional-cache.ts";
import { Docker2vmError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, sha256Of } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { parseIndex, type ReferrersPage } from "../oci/index-document.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isIndex, OCI_INDEX } from "../oci/media-types.ts";
import { formatPlatform } from "../oci/platform.ts";
import { type Blob, type BlobOrigin, type BlobSink, blobName, downloadBlob } from "./blob-download.ts";
import type { RepositoryClient } from "./client.ts";
import { foreignOrigins } from "./foreign.ts";
import { fetchManifest, headManifest, mediaTypeOf } from "./manifests.ts";
import { Mirrors } from "./mirrors.ts";
import { formatImageReference, type ImageReference } from "./reference.ts";
import { fetchReferrers, type RawReferrers, referrersPath, referrersTag } from "./referrers.ts";
import type { RetryContext } from "./retrying.ts";
import { PART_IS_MISSING } from "./status-error.ts";

export interface RepositoryOptions {
  readonly reference: ImageReference;
  readonly http: HttpClient;
  readonly context: RetryContext;
  /** The registry itself; undefined to ask nobody and use the cache alone. */
  readonly upstream: RepositoryClient | undefined;
  /** Asked before the registry for what a digest names. */
  readonly mirrors: readonly RepositoryClient[];
  /** Ask mirrors for tags too, whose word cannot be checked. */
  readonly trustMirrorTags: boolean;
  /** Fetch layers from the `urls` of their descriptors where the registry lacks them. */
  readonly allowForeign: boolean;
  readonly cache: OptionalCache | undefined;
}

/** One repository wherever it can be had from: the cache, mirrors, the registry. Everything is checked by digest. */
export class Repository {
  readonly #options: RepositoryOptions;
  readonly #mirrors: Mirrors;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#mirrors = new Mirrors(options.mirrors, options.context.onEvent);
  }

  get cache(): OptionalCache | undefined {
    return this.#options.cache;
  }

  /** What messages call an image of the repository. */
  name(what: string): string {
    const { registry, repository } = this.#options.reference;
    return `${registry}/${repository}: ${what}`;
  }

  /**
   * The manifest or index that the reference names. Throws E_IMAGE_NOT_FOUND, and as fetchManifest does.
   */
  async root(): Promise<RawManifest> {
    const { digest, tag = "latest" } = this.#options.reference;
    const found = digest === undefined ? await this.tagged(tag) : await this.manifest(digest);
    if (found !== undefined) return found;
    throw this.#absent(formatImageReference(this.#options.reference));
  }

  /** What a tag stands for; undefined where there is no such tag. Recorded for offline use. */
  async tagged(tag: string): Promise<RawManifest | undefined> {
    const { cache, upstream } = this.#options;
    const known = await cache?.readTag(this.#tagName(tag));
    if (upstream === undefined) return known === undefined ? undefined : this.manifest(known);
    const found = await this.#lookUp(tag, upstream, known !== undefined);
    if (found === undefined) return undefined;
    if (cache !== undefined && (found.digest !== known || !(await cache.has(known)))) {
      await cache.write(found.digest, found.bytes);
      await cache.writeTag(this.#tagName(tag), found.digest);
    }
    return found;
  }

  /** The manifest of a digest; undefined where nobody has it. */
  async manifest(digest: Digest): Promise<RawManifest | undefined> {
    const { cache } = this.#options;
    const kept = await cache?.read(digest, MANIFEST_LIMIT);
    if (kept !== undefined) {
      return {
        bytes: kept,
        digest,
        mediaType: mediaTypeOf(kept, undefined, this.name(`manifest ${digest}`)),
      };
    }
    const found = await this.#fromAnyone((client) => fetchManifest(client, digest));
    if (found !== undefined) await cache?.write(digest, found.bytes);
    return found;
  }

  /** The manifest or index a descriptor points at. Throws E_IMAGE_NOT_FOUND, E_SIZE_MISMATCH, as fetchManifest does. */
  async described(descriptor: Descriptor): Promise<RawManifest> {
    const { digest, mediaType, data } = descriptor;
    if (data !== undefined) return { bytes: data, digest, mediaType };
    const found = await this.manifest(digest);
    if (found === undefined) throw this.#lost(descriptor);
    this.#checkSize(found.bytes, descriptor);
    return { ...found, mediaType };
  }

  /** A small blob, checked; `role` is what messages call it. Throws E_BAD_MANIFEST if it has more than `limit` bytes, and as downloadBlob does. */
  async document(descriptor: Descriptor, limit: number, role = "blob"): Promise<Uint8Array> {
    const { digest, size, data } = descriptor;
    if (data !== undefined) return data;
    if (size > limit) {
      throw new Docker2vmError(
        "E_BAD_MANIFEST",
        this.name(`${role} ${digest}: ${size} bytes are more than the ${limit} a document may have`),
      );
    }
    const { cache, context } = this.#options;
    const kept = await cache?.read(digest, limit);
    if (kept !== undefined) {
      this.#checkSize(kept, descriptor);
      return kept;
    }
    const chunks: Uint8Array[] = [];
    const sink = { append: (bytes: Uint8Array) => void chunks.push(bytes) };
    await this.download({ ...descriptor, role, isDocument: true }, sink, context);
    const bytes = Buffer.concat(chunks);
    await cache?.write(digest, bytes);
    return bytes;
  }

  /** The bytes of a blob, from whoever has it, into a sink. Throws as downloadBlob does. */
  async download(
    blob: Blob & { readonly urls: readonly string[] },
    sink: BlobSink,
    context: RetryContext,
  ): Promise<void> {
    const { http, allowForeign, upstream } = this.#options;
    if (upstream === undefined) throw this.#absent(this.name(blobName(blob)));
    const mirrors = this.#mirrors.inUse.map((client) => ({
      ...originOf(client),
      onFailure: (error: Docker2vmError, next: string) => this.#mirrors.failed(client, error, next),
    }));
    const foreign = allowForeign ? foreignOrigins(blob.urls, upstream.endpoint, http, context) : [];
    await downloadBlob(blob, [...mirrors, originOf(upstream), ...foreign], sink, context);
  }

  /**
   * What refers to a manifest, page after page, from the registry's own list, or where it has none, from the tag that
   * stands in for it. A list of one page is recorded under that tag for offline use. Throws as fetchManifest does.
   */
  async *referrers(digest: Digest): AsyncGenerator<ReferrersPage> {
    const where = this.name(`referrers of ${digest}`);
    const first = await this.#listed(referrersPath(digest), digest);
    if (first === undefined) {
      const tagged = await this.tagged(referrersTag(digest));
      if (tagged !== undefined) yield pageOf(tagged, where);
      return;
    }
    if (first.next === undefined) await this.#keepTagged(referrersTag(digest), first.bytes);
    for (let page: RawReferrers | undefined = first; page !== undefined; ) {
      yield pageOf({ ...page, mediaType: OCI_INDEX }, where);
      page = page.next === undefined ? undefined : await this.#listed(page.next, digest);
    }
  }

  /** A HEAD tells whether what is here already still holds, and counts for no limit. */
  async #lookUp(tag: string, upstream: RepositoryClient, wasHere: boolean): Promise<RawManifest | undefined> {
    if (this.#options.trustMirrorTags) return this.#fromAnyone((client) => fetchManifest(client, tag));
    if (wasHere || this.#mirrors.inUse.length > 0) {
      const digest = await headManifest(upstream, tag);
      const found = digest === undefined ? undefined : await this.manifest(digest);
      if (found !== undefined) return found;
    }
    return fetchManifest(upstream, tag);
  }

  /** As with tags, nobody could tell what a mirror leaves out. */
  async #listed(path: string, digest: Digest): Promise<RawReferrers | undefined> {
    const { upstream, trustMirrorTags } = this.#options;
    if (trustMirrorTags) return this.#fromAnyone((client) => fetchReferrers(client, path, digest));
    return upstream === undefined ? undefined : fetchReferrers(upstream, path, digest);
  }

  async #keepTagged(tag: string, bytes: Uint8Array): Promise<void> {
    const { cache } = this.#options;
    const digest = sha256Of(bytes);
    await cache?.write(digest, bytes);
    await cache?.writeTag(this.#tagName(tag), digest);
  }

  /** The first that is found. A mirror that fails in any way is passed over. */
  async #fromAnyone<T extends object>(
    get: (client: RepositoryClient) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { upstream, context } = this.#options;
    if (upstream === undefined) return undefined;
    for (const mirror of this.#mirrors.inUse) {
      try {
        const found = await get(mirror);
        if (found !== undefined) return found;
      } catch (error) {
        context.signal?.throwIfAborted();
        if (!(error instanceof Docker2vmError)) throw error;
        this.#mirrors.failed(mirror, error, upstream.endpoint.host);
      }
    }
    return get(upstream);
  }

  #checkSize(bytes: Uint8Array, { digest, size }: Descriptor): void {
    if (bytes.length === size) return;
    throw new Docker2vmError(
      "E_SIZE_MISMATCH",
      this.name(`${digest}: its descriptor says ${size} bytes, ${bytes.length} are there`),
    );
  }

  #tagName(tag: string) {
    const { registry, repository } = this.#options.reference;
    return { registry, repository, tag };
  }

  #absent(what: string, hint = "check the name, the tag and the registry"): Docker2vmError {
    const offline = this.#options.upstream === undefined;
    return new Docker2vmError("E_IMAGE_NOT_FOUND", `${what}: is not ${offline ? "in the cache" : "there"}`, {
      hint: offline ? "convert it once without --offline" : hint,
    });
  }

  /** A clean-up may take a manifest and leave the index that lists it; or it never came. */
  #lost({ digest, mediaType, platform }: Descriptor): Docker2vmError {
    const kind = isIndex(mediaType) ? "index" : "manifest";
    const purpose = platform === undefined ? "" : ` for ${formatPlatform(platform)}`;
    const what = this.name(`${kind} ${digest}${purpose}, which an index lists`);
    return this.#absent(what, `${PART_IS_MISSING}${platform === undefined ? "" : " or --platform"}`);
  }
}

function pageOf({ bytes, mediaType }: Omit<RawManifest, "digest">, where: string): ReferrersPage {
  return { ...parseIndex(bytes, where, mediaType), size: bytes.length };
}

function originOf(client: RepositoryClient): BlobOrigin {
  return {
    name: client.endpoint.host,
    request: (blob, headers) => {
      const { digest, isDocument } = blob;
      return client.send({ path: `blobs/${digest}`, what: blobName(blob), headers, isDocument });
    },
    error: (response, what) => client.error(response, what, PART_IS_MISSING),
  };
}
