import { isLoopback } from "../http/addresses.ts";
import type { HttpClient } from "../http/client.ts";
import { Authorizer, type AuthorizerOptions } from "./authorizer.ts";
import type { Credentials } from "./credential.ts";
import type { RealmRules } from "./realm.ts";
import { DOCKER_HUB, DOCKER_HUB_NAMES } from "./reference.ts";
import type { RetryContext } from "./retrying.ts";

export interface AuthorizersOptions extends AuthorizerOptions {
  /** Of another registry that this one redirects to: what the user keeps for that, and nothing else. */
  readonly findCredentialsAt: (host: string, repository: string) => Promise<Credentials | undefined>;
}

/** OCI distribution spec, "Endpoints": what stands before `manifests`, `blobs` and `referrers` is the repository. */
const REPOSITORY = /^\/v2\/(.+)\/(?:manifests|blobs|referrers)\/[^/]+$/;

/** What a token is asked for that lets a repository be read. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/**
 * Whether it is the server that its name says. Over plain http anybody may be, and a registry that is spoken to so could
 * have what is kept for any other told to itself: only who is spoken to so anyway is taken for it.
 */
function isItself({ protocol, host, hostname }: URL, { insecureHosts }: RealmRules): boolean {
  return protocol === "https:" || isLoopback(hostname) || insecureHosts.includes(host);
}

/**
 * The rights at a registry and at those it redirects to. Each has its own, by its own challenge and with its own
 * credentials: none hears of another's.
 */
export class Authorizers {
  readonly own: Authorizer;
  readonly #http: HttpClient;
  readonly #options: AuthorizersOptions;
  readonly #context: RetryContext;
  readonly #others = new Map<string, Authorizer>();

  constructor(http: HttpClient, options: AuthorizersOptions, context: RetryContext) {
    this.own = new Authorizer(http, options, context);
    this.#http = http;
    this.#options = options;
    this.#context = context;
  }

  /** Whether the registry itself answers at a URL. */
  isOwn(url: URL): boolean {
    return url.origin === this.#options.endpoint.base.origin;
  }

  /** For what is at a URL. */
  at(url: URL): Authorizer {
    if (this.isOwn(url)) return this.own;
    const repository = REPOSITORY.exec(url.pathname)?.[1];
    const key = `${url.origin} ${repository ?? ""}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const made = this.#make(url, repository);
    this.#others.set(key, made);
    return made;
  }

  /** What to do where a registry refuses that this one redirects to. */
  ifRefused(url: URL): string {
    const { host } = url;
    return isItself(url, this.#options.rules)
      ? `the registry redirects there: log in there as well (docker login ${host})`
      : `the registry redirects there over plain http, where nothing is told that is kept for it, but for --insecure-registry ${host}`;
  }

  #make(url: URL, repository: string | undefined): Authorizer {
    const { host, origin } = url;
    const { rules, findCredentialsAt } = this.#options;
    const registry = DOCKER_HUB_NAMES.includes(host) ? DOCKER_HUB : host;
    const options: AuthorizerOptions = {
      endpoint: { host: registry, base: new URL(origin), mirrorOf: undefined },
      scopes: repository === undefined ? [] : [pullScope(repository)],
      rules,
      ifNone: this.ifRefused(url),
      findCredentials: async () =>
        isItself(url, rules) ? findCredentialsAt(registry, repository ?? "") : undefined,
    };
    return new Authorizer(this.#http, options, this.#context);
  }
}
