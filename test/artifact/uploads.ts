/** What a registry does with what is pushed: OCI distribution spec, "Push". */
import type { ServerResponse } from "node:http";
import { json, sha256 } from "../support/layout-builder.ts";
import { ScriptedRegistry, type Seen, sendStatus, sendWhole } from "../support/scripted-registry.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

/** A registry that takes what is pushed. */
export class TakingRegistry {
  readonly registry: ScriptedRegistry;
  /** Bytes of uploads that have begun, by their number. */
  readonly begun = new Map<string, Buffer>();
  readonly #listsReferrers: boolean;

  private constructor(registry: ScriptedRegistry, listsReferrers: boolean) {
    this.registry = registry;
    this.#listsReferrers = listsReferrers;
    registry.rule((seen, response) => this.#take(seen, response));
  }

  /** It lists what refers to a manifest if `listsReferrers`. */
  static async start(listsReferrers: boolean): Promise<TakingRegistry> {
    return new TakingRegistry(await ScriptedRegistry.start(), listsReferrers);
  }

  /** What was asked of it that changes something: "PATCH uploads/1". */
  changes(): readonly string[] {
    return this.registry.seen
      .filter(({ method }) => !["GET", "HEAD"].includes(method))
      .map(({ method, url }) => `${method} ${/\/(uploads\/\d*|manifests\/.*?)(?:\?.*)?$/.exec(url)?.[1]}`);
  }

  #take(seen: Seen, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(seen.url, "http://x");
    const [, repository = "", id] = /^(.*)\/blobs\/uploads\/(\d*)$/.exec(pathname) ?? [];
    if (id === "") return this.#begin(repository, searchParams.get("mount") ?? "", response);
    if (id !== undefined) return this.#goOn(seen, repository, id, searchParams.get("digest"), response);
    const subject = /\/referrers\/([^/]+)$/.exec(pathname)?.[1];
    if (subject !== undefined && this.#listsReferrers) return this.#list(subject, response);
    const manifest = /\/manifests\/([^/]+)$/.exec(pathname)?.[1];
    return seen.method === "PUT" && manifest !== undefined && this.#putManifest(seen, manifest, response);
  }

  #begin(repository: string, mount: string, response: ServerResponse): true {
    if (this.registry.blobs.has(mount)) return sendStatus(response, 201);
    const id = String(this.begun.size + 1);
    this.begun.set(id, Buffer.alloc(0));
    return sendStatus(response, 202, this.#location(repository, id));
  }

  #goOn(
    { method, bytes }: Seen,
    repository: string,
    id: string,
    digest: string | null,
    response: ServerResponse,
  ): true {
    const known = this.begun.get(id);
    if (known === undefined) return sendStatus(response, 404, {}, "BLOB_UPLOAD_UNKNOWN");
    if (method === "GET") {
      const range = `0-${Math.max(known.length - 1, 0)}`;
      return sendStatus(response, 204, { ...this.#location(repository, id), range });
    }
    if (method === "DELETE") {
      this.begun.delete(id);
      return sendStatus(response, 204);
    }
    const all = Buffer.concat([known, bytes]);
    this.begun.set(id, all);
    if (method === "PATCH") return sendStatus(response, 202, this.#location(repository, id));
    if (sha256(all) !== digest) return sendStatus(response, 400, {}, "DIGEST_INVALID");
    this.registry.blobs.set(digest, all);
    return sendStatus(response, 201);
  }

  /** Each time another one, as registries do that keep their state in it. */
  #location(repository: string, id: string) {
    return { location: `${repository}/blobs/uploads/${id}?_state=${this.begun.get(id)?.length}` };
  }

  #putManifest({ bytes, headers }: Seen, reference: string, response: ServerResponse): true {
    const { subject } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { subject?: { digest: string } };
    this.registry.putManifest(bytes, headers["content-type"] ?? "", reference);
    const isListed = this.#listsReferrers && subject !== undefined;
    return sendStatus(response, 201, isListed ? { "oci-subject": subject.digest } : {});
  }

  /** "Listing Referrers": each manifest once, whatever tags it has. */
  #list(subject: string, response: ServerResponse): true {
    const all = [...this.registry.manifests].filter(([reference]) => reference.startsWith("sha256:"));
    const manifests = all.flatMap(([digest, { bytes, mediaType }]) => {
      const manifest = JSON.parse(Buffer.from(bytes).toString("utf8"));
      if (manifest.subject?.digest !== subject) return [];
      const { artifactType, annotations } = manifest;
      return [{ mediaType, digest, size: bytes.length, artifactType, annotations }];
    });
    response.setHeader("content-type", INDEX);
    sendWhole(response, json({ schemaVersion: 2, mediaType: INDEX, manifests }));
    return true;
  }
}
