/** Blobs over the network: OCI distribution spec, "Pulling blobs", continued by Range where they break off. */
import { createHash, type Hash } from "node:crypto";
import { Docker2vmError, type ErrorCode } from "../errors.ts";
import { Backoff } from "../http/backoff.ts";
import type { HttpResponse } from "../http/client.ts";
import { contentCodings, decoded, isDecodable, undecodable } from "../http/content-coding.ts";
import { contentLength, header } from "../http/headers.ts";
import { NetworkError } from "../http/network-errors.ts";
import { TIMEOUTS } from "../http/timeouts.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { isRest, parseContentRange } from "./content-range.ts";
import { pauseOrThrow, type RetryContext } from "./retrying.ts";

/** A place that has a blob. */
export interface BlobOrigin {
  /** What messages call it. */
  readonly name: string;
  /** A request for the blob, of the given headers. */
  request(blob: Blob, headers: Readonly<Record<string, string>>): Promise<HttpResponse>;
  /** The error for an answer that is no success. */
  error(response: HttpResponse, what: string): Promise<Docker2vmError>;
  /** Hears why the place called `next` is asked instead; where it is absent, that is a warning. */
  readonly onFailure?: ((error: Docker2vmError, next: string) => void) | undefined;
}

export interface Blob {
  /** What messages call it beside its digest: "config", "layer 2". */
  readonly role: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** Whether it is a document, which is to come within its time. */
  readonly isDocument?: boolean | undefined;
}

/** What messages call a blob. */
export function blobName({ role, digest }: Blob): string {
  return `${role} ${digest}`;
}

export interface BlobSink {
  /** Takes the next bytes, for good; no more are to come before the promise resolves, if there is one. */
  append(bytes: Uint8Array): Promise<void> | undefined;
}

const DAMAGED = "the registry's copy is damaged or was changed: the image has to be pushed again";

/** Bytes that show that a server works, however often it breaks off. */
const PROGRESS = 1 << 20;
/** Milliseconds after which fewer bytes will do, if they came no slower than any body may. */
const SLOW_PROGRESS_AFTER = 60_000;
const LEAST_RATE = TIMEOUTS.leastBytes / TIMEOUTS.window;
/** Bytes that an encoding may make of a blob, however badly it does: twice its own, and so many. */
const ENCODING_COST = 64 << 10;

/**
 * Brings a blob into the sink, each byte once, from the first origin that has it; where that fails for good, the next
 * one goes on. It ends only when size and digest hold.
 * Throws E_SIZE_MISMATCH, E_DIGEST_MISMATCH, E_IMAGE_NOT_FOUND, E_DENIED, NetworkError, and as the sink does.
 */
export async function downloadBlob(
  blob: Blob,
  origins: readonly BlobOrigin[],
  sink: BlobSink,
  context: RetryContext,
): Promise<void> {
  const download = new BlobDownload(blob, sink, context);
  const warn = ({ message }: Docker2vmError, next: string): void =>
    context.onEvent({ type: "warning", message: `${message}; asking ${next}` });
  for (const [i, origin] of origins.entries()) {
    try {
      await download.from(origin);
      break;
    } catch (error) {
      const next = origins[i + 1];
      if (next === undefined || !mayBeElsewhere(error)) throw error;
      (origin.onFailure ?? warn)(error, next.name);
    }
  }
  download.finish();
}

const ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  "E_NETWORK",
  "E_RATE_LIMITED",
  "E_IMAGE_NOT_FOUND",
  "E_DENIED",
]);

function mayBeElsewhere(error: unknown): error is Docker2vmError {
  return error instanceof Docker2vmError && ELSEWHERE.has(error.code);
}

class BlobDownload {
  readonly #blob: Blob;
  readonly #what: string;
  readonly #sink: BlobSink;
  readonly #context: RetryContext;
  readonly #hash: Hash;
  #received = 0;
  /** Milliseconds for which the sink kept it waiting. */
  #held = 0;
  /** Whether the origin has sent it encoded: a Range would be one of other bytes. */
  #comesEncoded = false;

  constructor(blob: Blob, sink: BlobSink, context: RetryContext) {
    this.#blob = blob;
    this.#what = blobName(blob);
    this.#sink = sink;
    this.#context = context;
    this.#hash = createHash(digestAlgorithm(blob.digest));
  }

  /** All that is missing, from one origin, as long as it goes on. */
  async from(origin: BlobOrigin): Promise<void> {
    const backoff = new Backoff(this.#context.timing, this.#context.attempts);
    const { timing } = this.#context;
    let last = { received: this.#received, at: timing.now(), held: this.#held };
    let whole = false;
    this.#comesEncoded = false;
    for (;;) {
      try {
        if (await this.#attempt(origin, whole)) return;
        whole = true;
      } catch (error) {
        // A body may break off between its last byte and its end.
        if (error instanceof NetworkError && this.#received === this.#blob.size) return;
        const gained = this.#received - last.received;
        const passed = timing.now() - last.at;
        const waited = passed - (this.#held - last.held);
        const slowly = gained > 0 && passed >= SLOW_PROGRESS_AFTER && gained >= waited * LEAST_RATE;
        if (gained >= PROGRESS || slowly) backoff.reset();
        last = { received: this.#received, at: timing.now(), held: this.#held };
        await pauseOrThrow(error, this.#what, backoff, this.#context, this.#received);
      }
    }
  }

  /** Throws E_DIGEST_MISMATCH. */
  finish(): void {
    const { digest } = this.#blob;
    const hex = this.#hash.digest("hex");
    if (hex === digestHex(digest)) return;
    throw new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${this.#what}: the bytes that came hash to ${digestAlgorithm(digest)}:${hex}`,
      { hint: DAMAGED },
    );
  }

  /** False where the origin sent another range than asked for: then it is to be asked for the whole. */
  async #attempt(origin: BlobOrigin, whole: boolean): Promise<boolean> {
    const { size } = this.#blob;
    const offset = whole || this.#comesEncoded ? 0 : this.#received;
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await origin.request(this.#blob, headers);
    if (response.status === 206 && offset > 0) {
      const range = parseContentRange(header(response.headers, "content-range"));
      const isEncoded =
        contentCodings(response.headers).length > 0 && contentLength(response.headers) !== size - offset;
      if (isEncoded || !isRest(range, offset, size)) {
        response.body.discard();
        return false;
      }
      await this.#take(response.body, offset, origin);
      return true;
    }
    if (response.status === 416) {
      response.body.discard();
      throw this.#wrongSize(origin, `no more than ${offset} bytes are there`);
    }
    if (response.status !== 200) throw await origin.error(response, this.#what);
    await this.#take(this.#asStored(response, origin), 0, origin);
    return true;
  }

  /**
   * The body of the whole blob without what a server or a proxy has encoded it with. Stores also say so of a blob that
   * is gzip by itself, which its length or else its type shows.
   */
  #asStored(response: HttpResponse, origin: BlobOrigin): AsyncIterable<Uint8Array> {
    const { headers, body } = response;
    const { size, mediaType } = this.#blob;
    const length = contentLength(headers);
    const codings = contentCodings(headers);
    const isCompressed = /[+.](?:gzip|zstd)$/.test(mediaType);
    if (length === size || (length === undefined && (codings.length === 0 || isCompressed))) return body;
    this.#comesEncoded = isDecodable(codings);
    const where = `${origin.name}: ${this.#what}`;
    if (this.#comesEncoded) return decoded(body, 2 * size + ENCODING_COST, where);
    body.discard();
    if (codings.length > 0) throw undecodable(codings, where);
    throw this.#wrongSize(origin, `${length} bytes are there`);
  }

  /** The bytes of a body that begins at `start` of the blob, without those that are here already. */
  async #take(body: AsyncIterable<Uint8Array>, start: number, origin: BlobOrigin): Promise<void> {
    let position = start;
    for await (const chunk of body) {
      position += chunk.length;
      if (position > this.#blob.size) throw this.#wrongSize(origin, "more came");
      const fresh = chunk.subarray(Math.max(chunk.length - (position - this.#received), 0));
      if (fresh.length === 0) continue;
      this.#hash.update(fresh);
      this.#received += fresh.length;
      const paced = this.#sink.append(fresh);
      if (paced === undefined) continue;
      const since = this.#context.timing.now();
      await paced;
      this.#held += this.#context.timing.now() - since;
    }
    if (position === this.#blob.size) return;
    throw new NetworkError("E_NETWORK", `${origin.name}: ${this.#what}: ended at ${position} bytes`, {
      transient: true,
      hint: "try again later",
    });
  }

  #wrongSize(origin: BlobOrigin, found: string): Docker2vmError {
    return new Docker2vmError(
      "E_SIZE_MISMATCH",
      `${origin.name}: ${this.#what}: its descriptor says ${this.#blob.size} bytes, ${found}`,
      { hint: DAMAGED },
    );
  }
}
