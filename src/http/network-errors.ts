import { Docker2vmError, reasonOf, systemErrorCode } from "../errors.ts";
import type { NamedProxy } from "./proxy.ts";
import { showUrl } from "./urls.ts";

/** What may be gone at the next try: broken and stalled connections. A refusal or an unknown name will not be. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** undici's and OpenSSL's codes in plain words. */
const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "no connection was made in time",
  UND_ERR_HEADERS_TIMEOUT: "the server did not answer in time",
  UND_ERR_BODY_TIMEOUT: "the server stopped sending",
  UND_ERR_SOCKET: "the connection was closed before the end",
  UND_ERR_HEADERS_OVERFLOW: "its header is too large",
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "the host is not known",
};

/** What shows that there was no connection. Where a proxy was to make it, it is the proxy that is not there. */
const UNREACHED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** How undici tells of the answer to CONNECT. */
const TUNNEL_REFUSED = /^Proxy response \((\d+)\)/;

interface NetworkErrorDetails {
  /** Whether another try makes sense. */
  readonly transient: boolean;
  /** Whether the server, or the way to it, is to blame, and not what was asked for; true if absent. */
  readonly isServers?: boolean | undefined;
  /** Milliseconds the server asks to be left alone. */
  readonly retryAfter?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An exchange that failed for reasons of the network or the server's state, not of what was asked for. */
export class NetworkError extends Docker2vmError {
  readonly transient: boolean;
  /** Whether it would befall other requests to the same server as well. */
  readonly isServers: boolean;
  readonly retryAfter: number | undefined;

  constructor(code: "E_NETWORK" | "E_RATE_LIMITED", message: string, details: NetworkErrorDetails) {
    super(code, message, { hint: details.hint, cause: details.cause });
    this.transient = details.transient;
    this.isServers = details.isServers ?? true;
    this.retryAfter = details.retryAfter;
  }

  /** The same after the last try, so that nobody further out tries it all again. */
  final(): NetworkError {
    const { message, hint, cause, retryAfter } = this;
    const code = this.code === "E_RATE_LIMITED" ? this.code : "E_NETWORK";
    return new NetworkError(code, message, { transient: false, retryAfter, hint, cause });
  }
}

/**
 * What a failed request or a broken body means to the user; `proxy` is what stood between. A Docker2vmError stays what
 * it is.
 */
export function networkError(error: unknown, url: URL, proxy?: NamedProxy): Docker2vmError {
  const said = ownError(error);
  if (said !== undefined) return said;
  const code = causeCode(error);
  const { reason, hint } =
    proxy === undefined
      ? { reason: plainReason(error, code), hint: hintFor(code, url) }
      : proxiedFailure(error, code, url, proxy);
  return new NetworkError("E_NETWORK", `${showUrl(url)}: ${reason}`, {
    transient: TRANSIENT.has(code),
    hint,
    cause: error,
  });
}

function plainReason(error: unknown, code: string): string {
  return REASONS[code] ?? reasonOf(error).trim();
}

function proxiedFailure(
  error: unknown,
  code: string,
  url: URL,
  proxy: NamedProxy,
): { readonly reason: string; readonly hint: string } {
  const { variable } = proxy;
  const named = `the proxy ${proxy.url.host} (${variable})`;
  const past = `or go past it: NO_PROXY=${url.hostname}`;
  const status = TUNNEL_REFUSED.exec(reasonOf(error))?.[1];
  if (status === "407") {
    const hint = `give it a user: ${variable}=${proxy.url.protocol}//USER:PASSWORD@${proxy.url.host}`;
    return { reason: `${named} wants a user name and a password`, hint };
  }
  if (status !== undefined) {
    return { reason: `${named} answered ${status}`, hint: `ask whoever runs the proxy, ${past}` };
  }
  const reason = plainReason(error, code);
  if (UNREACHED.has(code)) {
    return { reason: `${named}: ${reason}`, hint: `correct or unset ${variable}, ${past}` };
  }
  return { reason: `through ${named}: ${reason}`, hint: hintFor(code, url) ?? `check ${variable}, ${past}` };
}

function hintFor(code: string, url: URL): string | undefined {
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return `if the registry speaks plain http, name it: --insecure-registry ${url.host}`;
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/.test(code)) {
    return "if the registry has a certificate authority of its own, give its certificate with --ca FILE";
  }
  if (TRANSIENT.has(code)) return "try again later";
  if (UNREACHED.has(code))
    return "check the name and the network; where there must be a proxy, HTTPS_PROXY names it";
  return undefined;
}

/** undici hands an error of the connector on as it is or as a cause. */
function ownError(error: unknown): Docker2vmError | undefined {
  if (error instanceof Docker2vmError) return error;
  return error instanceof Error && error.cause instanceof Docker2vmError ? error.cause : undefined;
}

/** Where several addresses were tried, the code of the first. */
function causeCode(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const inner = first instanceof Error && systemErrorCode(first) === undefined ? first.cause : first;
  return systemErrorCode(inner) ?? "";
}
