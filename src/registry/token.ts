/** Bearer tokens: distribution's token specification (spec/auth/token.md) and its OAuth 2 form (spec/auth/oauth.md). */
import { Docker2vmError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "../http/client.ts";
import { follow } from "../http/redirects.ts";
import { showUrl } from "../http/urls.ts";
import type { Credentials } from "./credential.ts";
import type { Realm } from "./realm.ts";
import { type RetryContext, retrying } from "./retrying.ts";
import { statusError } from "./status-error.ts";

const TOKEN_LIMIT = 1 << 20;
/** Seconds, where the server does not say, and the least it may say. */
const DEFAULT_LIFE = 60;
const CLIENT_ID = "docker2vm";

export interface TokenQuery {
  readonly realm: Realm;
  readonly service: string | undefined;
  /** Each `repository:NAME:pull`, the one asked for by the registry first. */
  readonly scopes: readonly string[];
  readonly credentials: Exclude<Credentials, { kind: "registry-token" }> | undefined;
}

export interface Token {
  readonly value: string;
  /** Milliseconds since 1970, early enough that a request sent before is still in time. */
  readonly renewAt: number;
  /** What is to be used in place of the identity token from now on. */
  readonly refreshToken: string | undefined;
}

/** Throws E_DENIED where the token server refuses, E_NETWORK where it fails or answers with no token. */
export async function requestToken(
  http: HttpClient,
  query: TokenQuery,
  context: RetryContext,
): Promise<Token> {
  const what = `token from ${query.realm.url.host}`;
  return retrying(what, context, async () => {
    const asked = context.timing.now();
    const response = await send(http, query, context.signal);
    if (response.status !== 200) throw await statusError(response, what, context.timing.now());
    return readToken(await readBody(response, TOKEN_LIMIT), query.realm.url, asked);
  });
}

async function send(
  http: HttpClient,
  query: TokenQuery,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const { credentials } = query;
  if (credentials?.kind !== "identity-token") return follow(http, getRequest(query, credentials, signal));
  const response = await follow(http, oauthRequest(query, credentials.token, signal));
  if (response.status !== 404 && response.status !== 405) return response;
  // A token server without the OAuth 2 form takes the identity token for a password.
  response.body.discard();
  const { username, token } = credentials;
  const password = {
    kind: "password",
    username: username === "" ? "<token>" : username,
    password: token,
  } as const;
  return follow(http, getRequest(query, password, signal));
}

function getRequest(
  { realm, service, scopes }: TokenQuery,
  credentials: Extract<Credentials, { kind: "password" }> | undefined,
  signal: AbortSignal | undefined,
): HttpRequest {
  const url = new URL(realm.url);
  if (service !== undefined) url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const secrets = credentials === undefined ? undefined : { authorization: basicAuthorization(credentials) };
  return { method: "GET", url, secrets, signal, nearest: realm.nearest, isDocument: true };
}

function oauthRequest(query: TokenQuery, token: string, signal: AbortSignal | undefined): HttpRequest {
  const { realm, service, scopes } = query;
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    refresh_token: token,
  });
  if (service !== undefined) form.append("service", service);
  form.append("scope", scopes.join(" "));
  return {
    method: "POST",
    url: realm.url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
    signal,
    nearest: realm.nearest,
    isDocument: true,
  };
}

/** The Basic scheme's header: RFC 7617. */
export function basicAuthorization({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

function readToken(body: Uint8Array, realm: URL, asked: number): Token {
  const answer = parseAnswer(body);
  const value = stringField(answer, "token") ?? stringField(answer, "access_token");
  // A token goes into a header: nothing that could end the line may be in it.
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
    throw new Docker2vmError("E_NETWORK", `${showUrl(realm)}: the token server's answer holds no token`);
  }
  const life = Math.max(numberField(answer, "expires_in") ?? DEFAULT_LIFE, DEFAULT_LIFE);
  return { value, renewAt: asked + life * 900, refreshToken: stringField(answer, "refresh_token") };
}

/** No message of the parser gets out: it would quote the token. */
function parseAnswer(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

function field(answer: unknown, name: string): unknown {
  return typeof answer === "object" && answer !== null ? Reflect.get(answer, name) : undefined;
}

function stringField(answer: unknown, name: string): string | undefined {
  const value = field(answer, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberField(answer: unknown, name: string): number | undefined {
  const value = field(answer, name);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
