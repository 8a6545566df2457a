import type { HttpClient } from "../http/client.ts";
import { Authorizer, type AuthorizerOptions } from "./authorizer.ts";
import type { Credentials } from "./credential.ts";
import { DOCKER_HUB, DOCKER_HUB_NAMES } from "./reference.ts";
import type { RetryContext } from "./retrying.ts";

export interface AuthorizersOptions extends AuthorizerOptions {
  /** Of another registry that this one redirects to: what the user keeps for that, and nothing else. */
  readonly findCredentialsAt: (host: string, repository: string) => Promise<Credentials | undefined>;
}

/** OCI distribution spec, "Endpoints": what stands before `manifests`, `blobs` and `referrers` is the repository. */
const REPOSITORY = /^\/v2\/(.+)\/(?:manifests|blobs|referrers)\/[^/]+$/;

/** What to do where a registry that another one redirects to refuses. */
export function loginElsewhere(host: string): string {
  return `the registry redirects there: log in there as well (docker login ${host})`;
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

  #make({ host, origin }: URL, repository: string | undefined): Authorizer {
    const { rules, findCredentialsAt } = this.#options;
    const registry = DOCKER_HUB_NAMES.includes(host) ? DOCKER_HUB : host;
    const options: AuthorizerOptions = {
      endpoint: { host: registry, base: new URL(origin), mirrorOf: undefined },
      repository,
      rules,
      ifNone: loginElsewhere(host),
      findCredentials: () => findCredentialsAt(registry, repository ?? ""),
    };
    return new Authorizer(this.#http, options, this.#context);
  }
}
