import type { Fetch } from "../http/fetching.ts";

/** How registries are reached and what is believed of them: as a caller says it. */
export interface RegistryAccess {
  /** Hosts, with their ports if not the usual ones, that are spoken to over plain http. Loopback is anyway. */
  readonly insecureHosts?: readonly string[] | undefined;
  /** A file of PEM certificates to trust beside the usual ones; with it, loopback too is spoken to over https. */
  readonly caFile?: string | undefined;
  /** Hosts that are asked before the registry, in order, for what a digest names. */
  readonly mirrors?: readonly string[] | undefined;
  /** Ask mirrors for tags too: what they say a tag stands for cannot be checked. */
  readonly trustMirrorTags?: boolean | undefined;
  /** For the registry of the reference alone, never for a mirror. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /**
   * Hosts that a registry may name as its token server, or redirect to, though they lie in a private network and it
   * does not.
   */
  readonly trustedRealms?: readonly string[] | undefined;
  /** Fetch layers that the registry lacks from the addresses their descriptors name. */
  readonly allowForeign?: boolean | undefined;
  /**
   * Exchanges all requests in place of this program's own connections: for a proxy, certificates, an agent or a test of
   * the caller's. Redirects, credentials, tries, limits and times stay this program's; an error that it throws is
   * E_NETWORK, tried again if its `code`, or that of its cause, tells of a broken connection (ECONNRESET and the like).
   * Then HTTPS_PROXY and its like are passed over, `caFile` is E_USAGE, and whether a name that a server leads to
   * lies in a private network is looked up before, since sockets of others cannot be watched.
   */
  readonly fetch?: Fetch | undefined;
}

/** What each of those is to be, and the environment beside them, for who looks at what callers without types hand in. */
export const ACCESS_SHAPES = {
  environment: "object",
  caFile: "text",
  mirrors: "texts",
  insecureHosts: "texts",
  trustedRealms: "texts",
  credentials: "object",
  fetch: "function",
} as const;
