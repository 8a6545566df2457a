import { Docker2vmError } from "../errors.ts";
import { isLoopback } from "../http/addresses.ts";
import { quote } from "../oci/quote.ts";
import { DOCKER_HUB } from "./reference.ts";

/** A server that has a repository: the registry itself, or a mirror of it. */
export interface Endpoint {
  /** What credentials are kept under and messages name: "ghcr.io", "docker.io", "localhost:5000". */
  readonly host: string;
  /** Scheme, host and port of the API. */
  readonly base: URL;
  /** For a mirror, the registry it stands in for. */
  readonly mirrorOf: string | undefined;
}

export interface EndpointRules {
  /** Hosts, with their ports if not the usual ones, that are spoken to over plain http. */
  readonly insecureHosts: readonly string[];
  /** A certificate authority was given: this machine's own registries are then expected to speak https too. */
  readonly hasOwnCa: boolean;
}

/** Throws E_USAGE if `host` is no host. */
export function endpointOf(host: string, rules: EndpointRules, mirrorOf?: string): Endpoint {
  const server = host === DOCKER_HUB ? "registry-1.docker.io" : host;
  const secure = `https://${server}`;
  if (!URL.canParse(secure) || new URL(secure).host !== server.replace(/:443$/, "").toLowerCase()) {
    throw new Docker2vmError("E_USAGE", `${quote(host)} is not the host of a registry`, {
      hint: "write HOST or HOST:PORT",
    });
  }
  const { hostname } = new URL(secure);
  const plain = rules.insecureHosts.includes(host) || (isLoopback(hostname) && !rules.hasOwnCa);
  return { host, base: new URL(plain ? `http://${server}` : secure), mirrorOf };
}
