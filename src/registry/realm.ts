/** Where a registry may send this program for a token: the check of a challenge's realm. */
import { Docker2vmError } from "../errors.ts";
import { isLoopback, isNearer, REACH, type Reach } from "../http/addresses.ts";
import type { HttpClient } from "../http/client.ts";
import { showUrl } from "../http/urls.ts";
import { quote } from "../oci/quote.ts";
import type { Endpoint } from "./endpoint.ts";

export interface RealmRules {
  /** Hosts that are spoken to over plain http. */
  readonly insecureHosts: readonly string[];
}

export interface Realm {
  readonly url: URL;
  /** The nearest address its name may stand for. */
  readonly nearest: Reach;
}

/**
 * The realm, if secrets may go there: over https, or over http to a host that is spoken to so anyway, and at no
 * address nearer to this machine than the registry's own. A registry could else have this machine's network read out
 * to it, or have the password sent to a stranger. Throws E_DENIED.
 */
export async function checkRealm(
  realm: string,
  endpoint: Endpoint,
  rules: RealmRules,
  http: HttpClient,
): Promise<Realm> {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refused(endpoint, `${quote(realm)} is not an http address`);
  }
  url.username = "";
  url.password = "";
  url.hash = "";
  if (url.protocol === "http:" && !mayBePlain(url, endpoint, rules)) {
    throw refused(endpoint, `${showUrl(url)} is not https`);
  }
  if (url.hostname === endpoint.base.hostname) return { url, nearest: REACH.linkLocal };

  const nearest = await http.reach(endpoint.base);
  if (isNearer(url.hostname, nearest) && !http.isTrusted(url)) {
    throw refused(endpoint, `${showUrl(url)} is an address of a private network`, url.host);
  }
  return { url, nearest };
}

function mayBePlain(realm: URL, endpoint: Endpoint, { insecureHosts }: RealmRules): boolean {
  if (endpoint.base.protocol !== "http:") return false;
  return isLoopback(realm.hostname) || insecureHosts.includes(realm.host);
}

function refused(endpoint: Endpoint, why: string, host?: string): Docker2vmError {
  return new Docker2vmError("E_DENIED", `${endpoint.host}: names a token server that is not asked: ${why}`, {
    hint:
      host === undefined
        ? "the registry is set up wrongly, or somebody stands between it and this machine: ask whoever runs it"
        : `if its token server really is there: --trust-auth-realm ${host}`,
  });
}
