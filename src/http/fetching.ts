/** Exchanges by a fetch of the caller's, in place of connections of this program's own. */
import { Docker2vmError } from "../errors.ts";
import { untilAborted } from "../waiting/until-aborted.ts";
import { contentCodings } from "./content-coding.ts";
import type { Headers } from "./headers.ts";
import { NetworkError } from "./network-errors.ts";
import { PIECE } from "./request-body.ts";
import type { IncomingBody } from "./response-body.ts";
import { showUrl } from "./urls.ts";

/** What a `fetch` is asked with: of the standard's options those that this program uses. */
export interface FetchRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Redirects are followed by this program, which knows what must not be told elsewhere. */
  readonly redirect: "manual";
  /** Fires when the answer is waited for no longer. */
  readonly signal: AbortSignal;
}

/** What a `fetch` answers: of the standard's Response what this program reads. */
export interface FetchAnswer {
  /** The status code: 200 and the like. */
  readonly status: number;
  /** Whether a redirect was followed, which is an error here. */
  readonly redirected: boolean;
  readonly headers: { forEach(tell: (value: string, name: string) => void): void };
  /** The bytes, in no Content-Encoding any more that the standard has `fetch` decode. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * A `fetch`, as Node and Bun have it, or a function around one.
 *
 * @example
 * ```ts
 * import { convert, type Fetch } from "docker2vm";
 *
 * const logged: Fetch = async (url, request) => {
 *   // undici's `dispatcher`, Bun's `tls` and `proxy` would stand beside the request's own options.
 *   const answer = await fetch(url, { ...request, keepalive: true });
 *   console.log(request.method, url, answer.status);
 *   return answer;
 * };
 *
 * export const pull = (source: string) => convert({ source, out: "./vm", registry: { fetch: logged } });
 * ```
 */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchAnswer>;

/** What `fetch` decodes by itself, and leaves in the header: Fetch standard, "handle content codings". */
const DECODED: ReadonlySet<string> = new Set(["gzip", "deflate", "br", "zstd"]);

/**
 * One exchange, which waits no longer than the request's signal, even for a fetch that does not hear it; nor for any
 * piece of the body longer than `patience` milliseconds. Throws as `fetch` does, the signal's reason, E_NETWORK for one
 * that follows redirects and E_USAGE for a body that is no web stream.
 */
export async function fetched(
  fetch: Fetch,
  url: URL,
  request: FetchRequest,
  patience: number,
): Promise<Fetched> {
  const { signal } = request;
  const answer = await answered(fetch, url, request);
  if (answer.body && typeof answer.body.getReader !== "function") throw noBytes();
  const body = incoming(answer.body, (piece) => inTime(piece, url, patience, signal));
  if (answer.redirected || answer.status === 0) {
    body.drop();
    throw new NetworkError("E_NETWORK", `${showUrl(url)}: the given fetch followed a redirect`, {
      transient: false,
      hint: 'have it obey redirect: "manual", and give the answer as it is: where credentials may go is settled here',
    });
  }
  return { status: answer.status, headers: headersOf(answer), body };
}

async function answered(fetch: Fetch, url: URL, request: FetchRequest): Promise<FetchAnswer> {
  const asked = (async () => fetch(url.href, request))();
  try {
    return await untilAborted(asked, request.signal);
  } catch (error) {
    // One that comes too late is nobody's, and would keep its connection.
    asked.then(({ body }) => body?.cancel()).catch(() => undefined);
    throw error;
  }
}

interface Fetched {
  readonly status: number;
  readonly headers: Headers;
  readonly body: IncomingBody;
}

function headersOf({ headers }: FetchAnswer): Headers {
  const found: Record<string, string> = {};
  headers.forEach((value, name) => {
    found[name.toLowerCase()] = value;
  });
  const codings = contentCodings(found);
  if (codings.length === 0 || !codings.every((coding) => DECODED.has(coding))) return found;
  // Both are of what was sent, and not of what is read.
  const { "content-encoding": _, "content-length": __, ...others } = found;
  return others;
}

function incoming(
  stream: ReadableStream<Uint8Array> | null,
  wait: <T>(piece: Promise<T>) => Promise<T>,
): IncomingBody {
  return {
    drop: () => void stream?.cancel().catch(() => undefined),
    async *[Symbol.asyncIterator]() {
      const reader = stream?.getReader();
      if (reader === undefined) return;
      try {
        for (;;) {
          const { done, value } = await wait(reader.read());
          if (done) return;
          if (!(value instanceof Uint8Array)) throw noBytes();
          // What it came in stays the caller's: memory of chunks is used again here, or let go of.
          yield new Uint8Array(value);
        }
      } finally {
        // Not awaited: a stream that is stuck would not answer.
        reader.cancel().catch(() => undefined);
      }
    },
  };
}

function inTime<T>(piece: Promise<T>, url: URL, patience: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      const message = `${showUrl(url)}: the server stopped sending`;
      reject(new NetworkError("E_NETWORK", message, { transient: true, hint: "try again later" }));
    };
    const timer = setTimeout(stopped, patience);
    untilAborted(piece, signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function noBytes(): Docker2vmError {
  return new Docker2vmError("E_USAGE", "the body that the given fetch answers with has no Uint8Array", {
    hint: "answer with a Response, or with a body that is a ReadableStream of bytes",
  });
}

/** A body as `fetch` takes it, all at once. */
export function fetchBody(body: string | Uint8Array | undefined): Pick<FetchRequest, "body"> {
  if (body === undefined) return {};
  // No two threads share what is sent.
  return { body: typeof body === "string" ? body : (body as Uint8Array<ArrayBuffer>) };
}

/** How often a body's time begins anew while it is sent by somebody else: as it would in pieces. */
export function piecesOf(body: string | Uint8Array | undefined): number {
  return body === undefined ? 0 : Math.ceil(body.length / PIECE);
}
