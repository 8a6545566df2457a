/** Redirects, followed by hand: RFC 9110 section 15.4, and where credentials may go. */
import { Docker2vmError } from "../errors.ts";
import { REACH, type Reach } from "./addresses.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "./client.ts";
import { header } from "./headers.ts";
import { showUrl } from "./urls.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Those that say that method and body are to be the same. */
const KEEPING: ReadonlySet<number> = new Set([307, 308]);
const LIMIT = 10;

/**
 * The answer at the end of the redirects. What changes something is followed only where it may be moved, and by redirects
 * that keep it whole: a form may hold a secret. Once a redirect has left the origin (scheme, host and
 * port) the request's secrets stay behind, even if a later one comes back. No server leads nearer to this machine than
 * it is itself: a stranger's could else have this machine's network read out.
 * Throws as exchange does, and E_NETWORK for a loop, for a step from https to http, and for a target that is no URL.
 */
export async function follow(
  client: Pick<HttpClient, "exchange" | "reach">,
  request: HttpRequest,
): Promise<HttpResponse> {
  let next = request;
  for (let step = 0; step <= LIMIT; step++) {
    const response = await client.exchange(next);
    const location = header(response.headers, "location");
    if (location === undefined || !isFollowed(request, response.status)) return response;
    response.body.discard();
    const url = targetOf(location, next.url);
    const secrets = url.origin === next.url.origin ? next.secrets : undefined;
    next = { ...next, url, secrets, nearest: await nearestFrom(client, next, url) };
  }
  throw new Docker2vmError("E_NETWORK", `${showUrl(request.url)}: more than ${LIMIT} redirects`);
}

function isFollowed({ method, isMovable }: HttpRequest, status: number): boolean {
  if (method === "GET" || method === "HEAD") return REDIRECTS.has(status);
  return isMovable === true && KEEPING.has(status);
}

async function nearestFrom(
  client: Pick<HttpClient, "reach">,
  { url, nearest = REACH.linkLocal }: HttpRequest,
  to: URL,
): Promise<Reach> {
  return to.hostname === url.hostname ? nearest : Math.min(nearest, await client.reach(url));
}

/**
 * Where a Location leads that came from a URL. Throws E_NETWORK for a step from https to http, and for what is no URL.
 */
export function targetOf(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw refused(from, "redirects to what is no URL");
  const url = new URL(location, from);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refused(from, "redirects to what is neither http nor https");
  }
  if (url.protocol === "http:" && from.protocol === "https:") {
    throw refused(from, `redirects from https to plain http (${url.host})`);
  }
  // Not ours, so not to be sent on as if they were.
  url.username = "";
  url.password = "";
  return url;
}

function refused(from: URL, what: string): Docker2vmError {
  return new Docker2vmError("E_NETWORK", `${showUrl(from)}: ${what}; that is not followed`);
}
