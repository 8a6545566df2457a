import { Docker2vmError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "../http/client.ts";
import { header, headerValues } from "../http/headers.ts";
import { follow } from "../http/redirects.ts";
import { Authorizers, type AuthorizersOptions } from "./authorizers.ts";
import { type Challenge, chooseChallenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { type RetryContext, retrying } from "./retrying.ts";
import { isTransientStatus, statusError } from "./status-error.ts";
import { parseWarning } from "./warnings.ts";

export interface RepositoryRequest {
  /** Below the repository: "manifests/3.20", "blobs/sha256:…". Or where the registry has told to go on. */
  readonly path: string | URL;
  /** What messages call it. */
  readonly what: string;
  readonly method?: HttpRequest["method"] | undefined;
  readonly body?: Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Whether it is a document, as all is that `fetch` brings. */
  readonly isDocument?: boolean | undefined;
  /** For `fetch`: the statuses that mean that there is no such thing; 404 and 410 if absent. */
  readonly absent?: ReadonlySet<number> | undefined;
}

/** A success, or an answer the caller makes something of. */
export interface Document {
  readonly response: HttpResponse;
  readonly bytes: Uint8Array;
}

export interface RepositoryClientOptions extends AuthorizersOptions {
  readonly repository: string;
  /** What to do where the registry refuses; absent: what one does who reads. */
  readonly ifDenied?: string | undefined;
}

const NOT_FOUND: ReadonlySet<number> = new Set([404, 410]);

/** Tries with a new header at one server for one request: elsewhere the first may be one that was kept, and too old. */
const LOGINS = { own: 1, elsewhere: 2 };

/** One repository on one server: OCI distribution spec, "Pull" and "Push". */
export class RepositoryClient {
  readonly endpoint: Endpoint;
  readonly context: RetryContext;
  readonly #http: HttpClient;
  readonly #repository: string;
  readonly #authorizers: Authorizers;
  readonly #ifDenied: string | undefined;
  readonly #warned = new Set<string>();

  constructor(http: HttpClient, options: RepositoryClientOptions, context: RetryContext) {
    this.endpoint = options.endpoint;
    this.context = context;
    this.#http = http;
    this.#repository = options.repository;
    this.#ifDenied = options.ifDenied;
    this.#authorizers = new Authorizers(http, options, context);
  }

  /**
   * The answer to a request, with as many tries as it takes. Statuses that say no are answers too, except those of the
   * registry's door: throws E_DENIED for 401 and 403, and NetworkError.
   */
  send(request: RepositoryRequest): Promise<HttpResponse> {
    return retrying(request.what, this.context, () => this.#attempt(request));
  }

  /** The same after one try, for what must not be sent twice. What may pass is thrown as well. */
  attempt(request: RepositoryRequest): Promise<HttpResponse> {
    return this.#attempt(request);
  }

  /** The same as send with the whole body, which may have to be asked for again too; empty unless the status is 200. */
  fetch(request: RepositoryRequest, limit: number): Promise<Document> {
    return retrying(request.what, this.context, async () => {
      const response = await this.#attempt({ ...request, isDocument: true });
      if (response.status === 200) return { response, bytes: await readBody(response, limit) };
      if (!(request.absent ?? NOT_FOUND).has(response.status)) throw await this.error(response, request.what);
      response.body.discard();
      return { response, bytes: new Uint8Array() };
    });
  }

  /**
   * The answer to a request that another may take the place of: after one try, whatever the status. Undefined where
   * there is none, or no way to it; then the other one tells why.
   */
  async probe(request: RepositoryRequest): Promise<HttpResponse | undefined> {
    try {
      return await this.#authorized(request);
    } catch (error) {
      this.context.signal?.throwIfAborted();
      if (error instanceof Docker2vmError) return undefined;
      throw error;
    }
  }

  /** The error for an answer that is no success; the arguments are statusError's. */
  error(response: HttpResponse, what: string, ifAbsent?: string): Promise<Docker2vmError> {
    const now = this.context.timing.now();
    const { status, url } = response;
    const ifDenied =
      status === 401 && !this.#authorizers.isOwn(url) ? this.#authorizers.ifRefused(url) : this.#ifDenied;
    return statusError(response, `${this.endpoint.host}: ${what}`, now, { ifAbsent, ifDenied });
  }

  async #attempt(request: RepositoryRequest): Promise<HttpResponse> {
    const response = await this.#authorized(request);
    this.#listen(response);
    const { status } = response;
    if (status === 401 || status === 403 || isTransientStatus(status))
      throw await this.error(response, request.what);
    return response;
  }

  /** Logs in where the answer comes from, be it the registry or another one that it redirects to. */
  async #authorized(request: RepositoryRequest): Promise<HttpResponse> {
    let asked = await this.#firstRequest(request);
    let response = await follow(this.#http, asked);
    for (const logins: string[] = []; response.status === 401; ) {
      const { origin } = response.url;
      const isOwn = this.#authorizers.isOwn(response.url);
      const allowed = isOwn ? LOGINS.own : LOGINS.elsewhere;
      if (logins.filter((login) => login === origin).length === allowed) return response;
      logins.push(origin);
      const sent = asked.url.origin === origin ? asked.secrets?.["authorization"] : undefined;
      const answer = await this.#answer(response, sent);
      if (answer === undefined || answer === sent) return response;
      response.body.discard();
      asked = isOwn
        ? this.#request(request, answer)
        : await this.#askedElsewhere(asked, response.url, answer);
      response = await follow(this.#http, asked);
    }
    return response;
  }

  /** Nothing of the registry's own is told elsewhere, and nobody is led nearer to this machine than it is itself. */
  async #firstRequest(request: RepositoryRequest): Promise<HttpRequest> {
    if (typeof request.path === "string" || this.#authorizers.isOwn(request.path)) {
      return this.#request(request, await this.#authorizers.own.header());
    }
    return { ...this.#request(request, undefined), nearest: await this.#http.reach(this.endpoint.base) };
  }

  async #answer({ url, headers }: HttpResponse, sent: string | undefined): Promise<string | undefined> {
    const challenge =
      chooseChallenge(headerValues(headers, "www-authenticate")) ??
      (this.#authorizers.isOwn(url) ? await this.#ping() : undefined);
    return challenge === undefined ? undefined : this.#authorizers.at(url).answer(challenge, sent);
  }

  /** The request where a redirect has led it, with the header of the server there. */
  async #askedElsewhere(asked: HttpRequest, url: URL, authorization: string): Promise<HttpRequest> {
    const nearest = await this.#http.reach(this.endpoint.base);
    return { ...asked, url, secrets: { authorization }, nearest };
  }

  /** Some registries name their token server only here. */
  async #ping(): Promise<Challenge | undefined> {
    const response = await this.#http.exchange({
      method: "GET",
      url: new URL("/v2/", this.endpoint.base),
      signal: this.context.signal,
    });
    response.body.discard();
    return chooseChallenge(headerValues(response.headers, "www-authenticate"));
  }

  #request(
    { path, method = "GET", headers, query, isDocument, body }: RepositoryRequest,
    authorization: string | undefined,
  ): HttpRequest {
    const url = new URL(
      typeof path === "string" ? `/v2/${this.#repository}/${path}` : path,
      this.endpoint.base,
    );
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.append(name, value);
    if (this.endpoint.mirrorOf !== undefined) url.searchParams.append("ns", this.endpoint.mirrorOf);
    const secrets = authorization === undefined ? undefined : { authorization };
    const { signal } = this.context;
    return { method, url, headers, secrets, signal, isDocument, body, isMovable: true };
  }

  #listen({ headers }: HttpResponse): void {
    const { onEvent } = this.context;
    for (const value of headerValues(headers, "warning")) {
      const text = parseWarning(value);
      if (text === undefined || this.#warned.has(text)) continue;
      this.#warned.add(text);
      onEvent({ type: "warning", message: `${this.endpoint.host}: ${text}` });
    }
    const limit = header(headers, "ratelimit-limit");
    const remaining = header(headers, "ratelimit-remaining");
    if (limit !== undefined && remaining !== undefined) onEvent({ type: "rate-limit", limit, remaining });
  }
}
