/** Manifests to a registry: OCI distribution spec, "Pushing Manifests" and "Pushing Manifests with Subject". */
import { header } from "../http/headers.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { type HowPushed, hasBlob, type PushedBlob, pushBlob } from "./blob-upload.ts";
import type { RepositoryClient } from "./client.ts";
import { fetchManifest } from "./manifests.ts";
import { addReferrer, type ReferrerEntry } from "./referrers.ts";

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
   * Puts a manifest whose blobs are there under its digest, has it listed where it refers to another, and gives it its
   * tag last: who finds the tag finds all of it. Throws E_DENIED, E_NETWORK and NetworkError.
   */
  async pushManifest(manifest: RawManifest, tag: string, referral: Referral | undefined): Promise<void> {
    const isListed = await this.#put(manifest, manifest.digest);
    if (referral !== undefined && !isListed) {
      await addReferrer(this.#client, referral.subject, referral.entry);
    }
    await this.#put(manifest, tag);
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
