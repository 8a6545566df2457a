/** Blobs to a registry: OCI distribution spec, "Pushing blobs". */
import { Docker2vmError } from "../errors.ts";
import { Backoff } from "../http/backoff.ts";
import type { HttpResponse } from "../http/client.ts";
import { header } from "../http/headers.ts";
import { NetworkError } from "../http/network-errors.ts";
import { targetOf } from "../http/redirects.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryClient } from "./client.ts";
import { pauseOrThrow } from "./retrying.ts";

export interface PushedBlob {
  /** What messages call it beside its digest: "config", "rootfs.ext4 at 0". */
  readonly role: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Whether it was in the repository, in another one, or had to be sent. */
export type HowPushed = "there" | "mounted" | "sent";

/** Bytes that go in the request that ends the upload: there is not much in them to be resumed. */
const AT_ONCE = 1 << 20;
const OCTETS = { "content-type": "application/octet-stream" };
/** What says that an upload is known no more, or stands elsewhere: "Chunked upload" and "Error Codes". */
const LOST: ReadonlySet<number> = new Set([404, 410, 416]);

/** Whether the repository has the blob. */
export async function hasBlob(client: RepositoryClient, role: string, digest: Digest): Promise<boolean> {
  const path = `blobs/${digest}`;
  const response = await client.send({ path, what: `${role} ${digest}`, method: "HEAD" });
  response.body.discard();
  return response.status === 200;
}

/**
 * Has a blob in the repository: nothing is sent that is there, or in one of the repositories `mountFrom`. What breaks off
 * goes on where the registry stands, or begins anew where it does not know. Throws E_DENIED and NetworkError.
 */
export async function pushBlob(
  client: RepositoryClient,
  blob: PushedBlob,
  mountFrom: readonly string[],
): Promise<HowPushed> {
  if (await hasBlob(client, blob.role, blob.digest)) return "there";
  return new BlobUpload(client, blob).run(mountFrom);
}

/** Where an upload goes on, and how many bytes it has. */
interface Session {
  readonly location: URL;
  readonly offset: number;
}

class BlobUpload {
  readonly #client: RepositoryClient;
  readonly #blob: PushedBlob;
  readonly #what: string;

  constructor(client: RepositoryClient, blob: PushedBlob) {
    this.#client = client;
    this.#blob = blob;
    this.#what = `${blob.role} ${blob.digest}`;
  }

  async run(mountFrom: readonly string[]): Promise<HowPushed> {
    let session = await this.#mountOrBegin(mountFrom);
    if (session === "mounted") return session;
    const { context } = this.#client;
    const backoff = new Backoff(context.timing, context.attempts);
    for (;;) {
      try {
        session ??= await this.#begin({});
        await this.#end(await this.#sendRest(session));
        return "sent";
      } catch (error) {
        await pauseOrThrow(error, this.#what, backoff, context, session?.offset ?? 0);
        const resumed: Session | undefined = session && (await this.#resume(session));
        if (resumed !== undefined && resumed.offset > (session?.offset ?? 0)) backoff.reset();
        session = resumed;
      }
    }
  }

  /** Also in an ordinary answer to the wish for a mount an upload has begun. */
  async #mountOrBegin(mountFrom: readonly string[]): Promise<Session | "mounted" | undefined> {
    for (const [i, from] of mountFrom.entries()) {
      const response = await this.#post({ mount: this.#blob.digest, from });
      if (response.status === 201) {
        response.body.discard();
        return "mounted";
      }
      const session = await this.#begun(response);
      if (i === mountFrom.length - 1) return session;
      await this.#cancel(session);
    }
    return undefined;
  }

  async #begin(query: Readonly<Record<string, string>>): Promise<Session> {
    return this.#begun(await this.#post(query));
  }

  #post(query: Readonly<Record<string, string>>): Promise<HttpResponse> {
    return this.#client.send({ path: "blobs/uploads/", what: this.#what, method: "POST", query });
  }

  async #begun(response: HttpResponse): Promise<Session> {
    if (response.status !== 202) throw await this.#client.error(response, this.#what);
    return { location: this.#locationOf(response), offset: 0 };
  }

  async #sendRest(session: Session): Promise<Session> {
    const { bytes } = this.#blob;
    const rest = bytes.subarray(session.offset);
    if (rest.length <= AT_ONCE) return session;
    const response = await this.#attempt(session.location, "PATCH", rest, {
      ...OCTETS,
      "content-range": `${session.offset}-${bytes.length - 1}`,
    });
    return { location: this.#locationOf(response, session.location), offset: bytes.length };
  }

  async #end({ location, offset }: Session): Promise<void> {
    const url = new URL(location);
    url.searchParams.append("digest", this.#blob.digest);
    const response = await this.#attempt(url, "PUT", this.#blob.bytes.subarray(offset), OCTETS);
    response.body.discard();
  }

  async #attempt(
    path: URL,
    method: "PATCH" | "PUT",
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    const response = await this.#client.attempt({ path, what: this.#what, method, body, headers });
    if (response.status >= 200 && response.status < 300) return response;
    const error = await this.#client.error(response, this.#what);
    if (!LOST.has(response.status)) throw error;
    throw new NetworkError("E_NETWORK", error.message, { transient: true, isServers: false, cause: error });
  }

  /** What the registry says of an upload that broke off; undefined where it is to begin anew. */
  async #resume({ location }: Session): Promise<Session | undefined> {
    const response = await this.#client.probe({ path: location, what: this.#what });
    if (response === undefined) return undefined;
    const end = /^(?:bytes=)?0-(\d{1,15})$/.exec(header(response.headers, "range") ?? "")?.[1];
    const offset = end === undefined ? 0 : Number(end) + 1;
    // A registry that has nothing says 0-0, as one does that has one byte.
    const isKnown = response.status === 204 && offset > 1 && offset <= this.#blob.bytes.length;
    if (isKnown) return { location: this.#locationOf(response, location), offset };
    response.body.discard();
    await this.#cancel({ location, offset });
    return undefined;
  }

  async #cancel({ location }: Session): Promise<void> {
    const response = await this.#client.probe({ path: location, what: this.#what, method: "DELETE" });
    response?.body.discard();
  }

  /** The Location of an answer; where it names none, `otherwise`. */
  #locationOf(response: HttpResponse, otherwise?: URL): URL {
    response.body.discard();
    const location = header(response.headers, "location");
    if (location !== undefined) return targetOf(location, response.url);
    if (otherwise !== undefined) return otherwise;
    const { endpoint } = this.#client;
    throw new Docker2vmError("E_NETWORK", `${endpoint.host}: ${this.#what}: told no place for the upload`);
  }
}
