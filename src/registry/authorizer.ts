import { Docker2vmError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credential.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkRealm, type RealmRules } from "./realm.ts";
import type { RetryContext } from "./retrying.ts";
import { basicAuthorization, requestToken } from "./token.ts";

export interface AuthorizerOptions {
  readonly endpoint: Endpoint;
  /** `repository:NAME:ACTIONS`; none where it is not known: then only the registry can say what is to be asked for. */
  readonly scopes: readonly string[];
  readonly rules: RealmRules;
  /** Looked up only when the registry asks for them. */
  readonly findCredentials: () => Promise<Credentials | undefined>;
  /** What to do where it asks for them and there are none. */
  readonly ifNone: string;
}

/** An Authorization header and when it should be replaced. */
interface Grant {
  readonly header: string;
  readonly renewAt: number;
}

/** The right to one repository on one server: obtained when asked for it, shared by all requests, renewed once. */
export class Authorizer {
  readonly #http: HttpClient;
  readonly #options: AuthorizerOptions;
  readonly #context: RetryContext;
  #credentials: Promise<Credentials | undefined> | undefined;
  /** Replaces the identity token of the credentials once a token server has given another. */
  #refreshToken: string | undefined;
  #challenge: Challenge | undefined;
  #grant: Grant | undefined;
  #renewal: Promise<Grant> | undefined;

  constructor(http: HttpClient, options: AuthorizerOptions, context: RetryContext) {
    this.#http = http;
    this.#options = options;
    this.#context = context;
  }

  /** The header to send now; undefined as long as the server has not asked for any. */
  async header(): Promise<string | undefined> {
    const grant = this.#grant;
    if (grant === undefined || this.#challenge === undefined) return grant?.header;
    if (this.#context.timing.now() < grant.renewAt) return grant.header;
    return (await this.#renew(this.#challenge)).header;
  }

  /**
   * The header to send after a request with the header `refused` was answered by the challenge. Requests that were
   * refused together wait for one renewal together. Throws E_DENIED where there is nothing to answer with.
   */
  async answer(challenge: Challenge, refused: string | undefined): Promise<string> {
    const current = this.#grant;
    if (current !== undefined && current.header !== refused) return current.header;
    this.#challenge = challenge;
    return (await this.#renew(challenge)).header;
  }

  #renew(challenge: Challenge): Promise<Grant> {
    this.#renewal ??= this.#obtain(challenge)
      .then((grant) => {
        this.#grant = grant;
        return grant;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  async #obtain(challenge: Challenge): Promise<Grant> {
    this.#credentials ??= this.#options.findCredentials();
    const credentials = await this.#credentials;
    if (credentials?.kind === "registry-token") return unending(`Bearer ${credentials.token}`);
    if (challenge.scheme === "bearer") return this.#obtainToken(challenge, credentials);
    if (credentials?.kind === "password") return unending(basicAuthorization(credentials));
    const { endpoint, ifNone } = this.#options;
    throw new Docker2vmError("E_DENIED", `${endpoint.host}: wants a user name and a password`, {
      hint: ifNone,
    });
  }

  async #obtainToken(
    challenge: Extract<Challenge, { scheme: "bearer" }>,
    credentials: Exclude<Credentials, { kind: "registry-token" }> | undefined,
  ): Promise<Grant> {
    const { endpoint, rules, scopes: own } = this.#options;
    const realm = await checkRealm(challenge.realm, endpoint, rules, this.#http);
    // The registry's own wish goes first: some token servers look at no other.
    const scopes = new Set([challenge.scope ?? "", ...own].filter((scope) => scope !== ""));
    const token = await requestToken(
      this.#http,
      { realm, service: challenge.service, scopes: [...scopes], credentials: this.#refreshed(credentials) },
      this.#context,
    );
    this.#refreshToken = token.refreshToken ?? this.#refreshToken;
    return { header: `Bearer ${token.value}`, renewAt: token.renewAt };
  }

  #refreshed<C extends Credentials>(credentials: C | undefined): C | undefined {
    if (credentials?.kind !== "identity-token" || this.#refreshToken === undefined) return credentials;
    return { ...credentials, token: this.#refreshToken };
  }
}

function unending(header: string): Grant {
  return { header, renewAt: Number.POSITIVE_INFINITY };
}
