import { ipLiteral, isNearer, REACH, type Reach } from "./addresses.ts";
import { guardedLookup, tooNear } from "./guarded-lookup.ts";
import type { Headers } from "./headers.ts";
import { networkError } from "./network-errors.ts";
import { type Environment, type NamedProxy, proxyFor } from "./proxy.ts";
import { reachOfServer } from "./reach.ts";
import { Agent, type Dispatcher, proxyAgent } from "./undici.ts";
import { usualCertificates } from "./usual-certificates.ts";

/** Bytes of a response's header. */
const HEADER_LIMIT = 32 << 10;
/** Bytes of a body that wait for their reader: fewer than come at once, and the connection stops after each piece. */
const MOST_WAITING = 1 << 20;
/** Bytes of an unwanted body that are read to keep its connection. */
const DISCARD_LIMIT = 64 << 10;

export interface Timeouts {
  /** Milliseconds until a connection stands. */
  readonly connect: number;
  /** Milliseconds until the header of the answer is there. */
  readonly headers: number;
  /** Milliseconds without a byte of the body. */
  readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 30_000, headers: 60_000, body: 60_000 };

export interface HttpOptions {
  /** Where proxies are named. */
  readonly environment: Environment;
  /** PEM certificates to be trusted beside the usual ones. */
  readonly ca?: string | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Hosts, with a port for that port alone, that may be as near as they are whoever points there. */
  readonly trustedHosts?: readonly string[] | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Headers that no other origin may see. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Connect to no address nearer than this, but for the hosts that are trusted. */
  readonly nearest?: Reach | undefined;
}

export interface HttpResponse {
  /** Where it came from in the end. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: ResponseBody;
}

/** The bytes as they come, never decoded. Throws NetworkError when they break off, and the signal's reason. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** For a body nobody wants. Its connection is kept if there is not much of it. */
  discard(): void;
}

/** Single exchanges over kept connections: no redirects, no second tries, no credentials of its own. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #dispatchers = new Map<string, Dispatcher>();
  readonly #reaches = new Map<string, Promise<Reach>>();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** Throws NetworkError, E_USAGE for an unusable proxy, E_DENIED for what `nearest` forbids, the signal's reason. */
  async exchange(request: HttpRequest): Promise<HttpResponse> {
    const { url, method, signal } = request;
    signal?.throwIfAborted();
    const nearest = this.isTrusted(url) ? REACH.linkLocal : (request.nearest ?? REACH.linkLocal);
    if (isNearer(url.hostname, nearest)) throw tooNear(url.host);
    const proxy = proxyFor(url, this.#options.environment);
    try {
      const { statusCode, headers, body } = await this.#dispatcher(url, nearest, proxy).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        highWaterMark: MOST_WAITING,
        headers: {
          "user-agent": "docker2vm",
          "accept-encoding": "identity",
          ...request.headers,
          ...request.secrets,
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(signal === undefined ? {} : { signal }),
      });
      return { url, status: statusCode, headers, body: responseBody(body, url, proxy, signal) };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(error, url, proxy);
    }
  }

  /** How near a server is. Through a proxy names are not looked up here: there a name counts as public. */
  reach(url: URL): Promise<Reach> {
    const known = this.#reaches.get(url.hostname);
    if (known !== undefined) return known;
    const isHidden = ipLiteral(url.hostname) === undefined && proxyFor(url, this.#options.environment);
    const found = isHidden ? Promise.resolve(REACH.public) : reachOfServer(url);
    this.#reaches.set(url.hostname, found);
    return found;
  }

  /** Whether the server of a URL may be as near as it is. */
  isTrusted({ host, hostname }: URL): boolean {
    return (this.#options.trustedHosts ?? []).some((trusted) => trusted === host || trusted === hostname);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all(open.map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcher(url: URL, nearest: Reach, proxy: NamedProxy | undefined): Dispatcher {
    const key = proxy === undefined ? `direct ${nearest}` : `${url.protocol} ${proxy.url.href}`;
    const known = this.#dispatchers.get(key);
    if (known !== undefined) return known;
    const made =
      proxy === undefined ? this.#direct(nearest) : this.#proxied(proxy.url, url.protocol === "https:");
    this.#dispatchers.set(key, made);
    return made;
  }

  #direct(nearest: Reach): Dispatcher {
    const { connect } = this.#options.timeouts ?? TIMEOUTS;
    const guard = nearest === REACH.linkLocal ? {} : { lookup: guardedLookup(nearest) };
    return new Agent({ ...this.#limits(), connect: { timeout: connect, ...this.#trust(), ...guard } });
  }

  #proxied(proxy: URL, tunnel: boolean): Dispatcher {
    const { username, password } = proxy;
    const user = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    return proxyAgent({
      ...this.#limits(),
      uri: `${proxy.protocol}//${proxy.host}`,
      ...(username === "" ? {} : { token: `Basic ${user.toString("base64")}` }),
      proxyTunnel: tunnel,
      requestTls: this.#trust(),
      proxyTls: this.#trust(),
    });
  }

  #limits() {
    const { headers, body } = this.#options.timeouts ?? TIMEOUTS;
    return { headersTimeout: headers, bodyTimeout: body, maxHeaderSize: HEADER_LIMIT };
  }

  /** What is given for `ca` replaces the usual certificates: they are put back beside it. */
  #trust(): { ca?: string[] } {
    const { ca } = this.#options;
    return ca === undefined ? {} : { ca: [...usualCertificates(), ca] };
  }
}

function responseBody(
  body: Dispatcher.ResponseData["body"],
  url: URL,
  proxy: NamedProxy | undefined,
  signal: AbortSignal | undefined,
): ResponseBody {
  // It may break off before anybody reads it, and must not bring the program down then.
  body.on("error", () => undefined);
  return {
    discard: () => void body.dump({ limit: DISCARD_LIMIT }).catch(() => undefined),
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of body) yield chunk as Uint8Array;
      } catch (error) {
        signal?.throwIfAborted();
        throw networkError(error, url, proxy);
      }
    },
  };
}
