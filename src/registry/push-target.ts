/** Manifests to a registry: OCI distribution spec, "Pushing Manifests" and "Pushing Manifests with Subject". */
import { Docker2vmError } from "../errors.ts";
import { header } from "../http/headers.ts";
import { NetworkError } from "../http/network-errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { type HowPushed, hasBlob, type PushedBlob, pushBlob } from "./blob-upload.ts";
import type { RepositoryClient } from "./client.ts";
import { fetchManifest } from "./manifests.ts";
import { addReferrer, type ReferrerEntry, referrersTag } from "./referrers.ts";

const TAG_STAYS =
  "the tag is there already, and the registry does not let this account change it: choose another tag, or have tags made mutable there";
const LIST_STAYS =
  "the registry has no list of what refers to an image, and keeps the tag that stands in for it as it is: have tags that begin with sha256- made mutable there";

/** A manifest that refers to another one of its repository. */
export interface Referral {
  readonly subject: Digest;
  /** What a list of what refers to it has of the manifest. */
  readonly entry: ReferrerEntry;
}

/** One repository that is written to. */
export class PushTarget {
  readonly #client: RepositoryClient;
  readonly #mountFrom: readonly string[];

  constructor(client: RepositoryClient, mountFrom: readonly string[]) {
    this.#client = client;
    this.#mountFrom = mountFrom;
  }

  /** What a tag or digest stands for there; undefined where there is none. Throws as fetchManifest does. */
  manifest(reference: string): Promise<RawManifest | undefined> {
    return fetchManifest(this.#client, reference);
  }

  hasBlob(role: string, digest: Digest): Promise<boolean> {
    return hasBlob(this.#client, role, digest);
  }

  /** Throws as pushBlob does. */
  push(blob: PushedBlob): Promise<HowPushed> {
    return pushBlob(this.#client, blob, this.#mountFrom);
  }

  /**
   * Puts a manifest whose blobs are there under its digest, and has it listed where it refers to another. Throws E_DENIED,
   * E_NETWORK and NetworkError.
   */
  async put(manifest: RawManifest, referral?: Referral): Promise<void> {
    const isListed = await this.#put(manifest, manifest.digest);
    if (referral === undefined || isListed) return;
    const { subject, entry } = referral;
    const tag = referrersTag(subject);
    await this.#changing(tag, undefined, LIST_STAYS, () => addReferrer(this.#client, subject, entry));
  }

  /**
   * Gives a manifest that is there a tag. Throws likewise; E_DENIED also where the registry keeps tags as they are, with
   * `ifStays` for what to do then.
   */
  async tag(manifest: RawManifest, tag: string, ifStays = TAG_STAYS): Promise<void> {
    await this.#changing(tag, manifest.digest, ifStays, () => this.#put(manifest, tag));
  }

  /** There is no status for tags that must not be changed: 400, 403, 409 and 412 are in use. */
  async #changing(
    tag: string,
    wanted: Digest | undefined,
    hint: string,
    change: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      const isRefusal =
        error instanceof Docker2vmError && !(error instanceof NetworkError && error.transient);
      const there = isRefusal ? await this.manifest(tag).catch(() => undefined) : undefined;
      if (!isRefusal || there === undefined) throw error;
      if (there.digest === wanted) return;
      throw new Docker2vmError("E_DENIED", error.message, { hint, cause: error });
    }
  }

  /** Whether the registry says that it lists it by what it refers to. */
  async #put({ bytes, mediaType }: RawManifest, reference: string): Promise<boolean> {
    const what = `manifest ${reference}`;
    const headers = { "content-type": mediaType };
    const response = await this.#client.send({
      path: `manifests/${reference}`,
      what,
      method: "PUT",
      body: bytes,
      headers,
    });
    if (response.status >= 300) throw await this.#client.error(response, what);
    response.body.discard();
    return header(response.headers, "oci-subject") !== undefined;
  }
}
