import { ipLiteral, isNearer, REACH, type Reach } from "./addresses.ts";
import { Deadline } from "./deadline.ts";
import { type Fetch, fetchBody, fetched, piecesOf } from "./fetching.ts";
import { guardedLookup, tooNear } from "./guarded-lookup.ts";
import type { Headers } from "./headers.ts";
import { networkError } from "./network-errors.ts";
import { Pace } from "./pace.ts";
import { type Environment, type NamedProxy, proxyFor } from "./proxy.ts";
import { reachOfServer } from "./reach.ts";
import { lengthOf, requestBody } from "./request-body.ts";
import { type ResponseBody, responseBody, undiciBody } from "./response-body.ts";
import { TIMEOUTS, type Timeouts } from "./timeouts.ts";
import { REAL_TIME, type Timing } from "./timing.ts";
import { Agent, type Dispatcher, proxyAgent } from "./undici.ts";
import { showUrl } from "./urls.ts";
import { usualCertificates } from "./usual-certificates.ts";

/** Bytes of a response's header. */
const HEADER_LIMIT = 32 << 10;
/** Bytes of a body that wait for their reader: fewer than come at once, and the connection stops after each piece. */
const MOST_WAITING = 1 << 20;

export interface HttpOptions {
  /** Where proxies are named. */
  readonly environment: Environment;
  /** PEM certificates to be trusted beside the usual ones. */
  readonly ca?: string | undefined;
  /** Whether servers must be certified by those alone. */
  readonly isCaAlone?: boolean | undefined;
  /** What this client shows of itself to servers that ask, in PEM. */
  readonly identity?: { readonly cert: string; readonly key: string } | undefined;
  /** Path of a unix socket that every server is behind; no proxy stands before it. */
  readonly socketPath?: string | undefined;
  /** Whoever exchanges requests instead: then neither proxies nor certificates are this client's. */
  readonly fetch?: Fetch | undefined;
  /** How near the server of a URL is; looked up if absent. */
  readonly reachOf?: ((url: URL) => Promise<Reach>) | undefined;
  /** TIMEOUTS where they are absent. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** The real one if absent. */
  readonly timing?: Pick<Timing, "now"> | undefined;
  /** Hosts, with a port for that port alone, that may be as near as they are whoever points there. */
  readonly trustedHosts?: readonly string[] | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Headers that no other origin may see. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  /** Bytes are sent piece by piece, each of which has its time to be taken. */
  readonly body?: string | Uint8Array | undefined;
  /** Whether a request that changes something may be sent again, body and all, to where a redirect (307, 308) leads. */
  readonly isMovable?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether a document is asked for, for which there is a time; an answer that is no success is one anyway. */
  readonly isDocument?: boolean | undefined;
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

/** Single exchanges over kept connections: no redirects, no second tries, no credentials of its own. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #timeouts: Timeouts;
  readonly #timing: Pick<Timing, "now">;
  readonly #dispatchers = new Map<string, Dispatcher>();
  readonly #reaches = new Map<string, Promise<Reach>>();

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#timeouts = { ...TIMEOUTS, ...options.timeouts };
    this.#timing = options.timing ?? REAL_TIME;
  }

  /** Throws NetworkError, E_USAGE for an unusable proxy, E_DENIED for what `nearest` forbids, the signal's reason. */
  async exchange(request: HttpRequest): Promise<HttpResponse> {
    const { url, signal } = request;
    signal?.throwIfAborted();
    const nearest = this.isTrusted(url) ? REACH.linkLocal : (request.nearest ?? REACH.linkLocal);
    if (isNearer(url.hostname, nearest)) throw tooNear(url.host);
    const proxy = this.#proxyFor(url);
    const deadline = new Deadline(this.#patience(request), url, signal);
    try {
      const { status, headers, body } = await this.#send(request, nearest, proxy, deadline);
      const isDocument = request.isDocument === true || status >= 300;
      const pace = new Pace(this.#timeouts, isDocument, showUrl(url));
      const context = { url, proxy, signal, pace, timing: this.#timing };
      return { url, status, headers, body: responseBody(body, context) };
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(deadline.explain(error), url, proxy);
    } finally {
      deadline.dispose();
    }
  }

  /** Milliseconds until the answer's header has to be there; a body that is sent by pieces moves that. */
  #patience({ body }: HttpRequest): number {
    const { connect, headers } = this.#timeouts;
    return connect + headers * (this.#options.fetch === undefined ? 1 : 1 + piecesOf(body));
  }

  async #send(request: HttpRequest, nearest: Reach, proxy: NamedProxy | undefined, deadline: Deadline) {
    const { url, method, body } = request;
    const { signal } = deadline;
    const headers = {
      "user-agent": "docker2vm",
      "accept-encoding": "identity",
      ...request.headers,
      ...request.secrets,
    };
    const { fetch } = this.#options;
    if (fetch !== undefined) {
      // Sockets of others cannot be guarded: what the name stands for is looked up before each request.
      if (nearest < REACH.linkLocal && (await this.#reachOf(url)) > nearest) throw tooNear(url.host);
      const asked = { method, headers, ...fetchBody(body), redirect: "manual", signal } as const;
      return fetched(fetch, url, asked, this.#timeouts.body);
    }
    const answer = await this.#dispatcher(url, nearest, proxy).request({
      ...{ origin: url.origin, path: `${url.pathname}${url.search}`, method, signal },
      highWaterMark: MOST_WAITING,
      headers: { ...lengthOf(body), ...headers },
      ...requestBody(body, deadline),
    });
    return { status: answer.statusCode, headers: answer.headers, body: undiciBody(answer.body) };
  }

  /** How near a server is. Through a proxy names are not looked up here: there a name counts as public. */
  reach(url: URL): Promise<Reach> {
    const known = this.#reaches.get(url.hostname);
    if (known !== undefined) return known;
    const isHidden = ipLiteral(url.hostname) === undefined && this.#proxyFor(url);
    const found = isHidden ? Promise.resolve<Reach>(REACH.public) : this.#reachOf(url);
    this.#reaches.set(url.hostname, found);
    return found;
  }

  #reachOf(url: URL): Promise<Reach> {
    return (this.#options.reachOf ?? reachOfServer)(url);
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

  #proxyFor(url: URL): NamedProxy | undefined {
    const { socketPath, environment, fetch } = this.#options;
    return socketPath === undefined && fetch === undefined ? proxyFor(url, environment) : undefined;
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
    const { connect } = this.#timeouts;
    const guard = nearest === REACH.linkLocal ? {} : { lookup: guardedLookup(nearest) };
    const { socketPath } = this.#options;
    const socket = socketPath === undefined ? {} : { socketPath };
    const settings = { timeout: connect, ...this.#trust(), ...guard, ...socket };
    return new Agent({ ...this.#limits(), connect: settings });
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
      proxyTls: this.#usualTrust(),
    });
  }

  #limits() {
    const { headers, body } = this.#timeouts;
    return { headersTimeout: headers, bodyTimeout: body, maxHeaderSize: HEADER_LIMIT };
  }

  /** Of servers. */
  #trust(): { ca?: string[]; cert?: string; key?: string } {
    const { ca, isCaAlone = false, identity = {} } = this.#options;
    const alone = ca === undefined || !isCaAlone ? {} : { ca: [ca] };
    return { ...identity, ...this.#usualTrust(), ...alone };
  }

  /** What is given for `ca` replaces the usual certificates: they are put back beside it. */
  #usualTrust(): { ca?: string[] } {
    const { ca } = this.#options;
    return ca === undefined ? {} : { ca: [...usualCertificates(), ca] };
  }
}
