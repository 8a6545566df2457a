/** Redirects, followed by hand: RFC 9110 section 15.4, and where credentials may go. */
import { Docker2vmError } from "../errors.ts";
import { REACH, type Reach } from "./addresses.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "./client.ts";
import { header } from "./headers.ts";
import { showUrl } from "./urls.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const LIMIT = 10;

/**
 * The answer at the end of the redirects. A POST is not followed. Once a redirect has left the origin (scheme, host and
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
    if (!REDIRECTS.has(response.status) || location === undefined || request.method === "POST")
      return response;
    response.body.discard();
    const url = target(location, next.url);
    const secrets = url.origin === next.url.origin ? next.secrets : undefined;
    next = { ...next, url, secrets, nearest: await nearestFrom(client, next, url) };
  }
  throw new Docker2vmError("E_NETWORK", `${showUrl(request.url)}: more than ${LIMIT} redirects`);
}

async function nearestFrom(
  client: Pick<HttpClient, "reach">,
  { url, nearest = REACH.linkLocal }: HttpRequest,
  to: URL,
): Promise<Reach> {
  return to.hostname === url.hostname ? nearest : Math.min(nearest, await client.reach(url));
}

function target(location: string, from: URL): URL {
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
