/** Proxies as the environment names them: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case. */
import { Docker2vmError } from "../errors.ts";
import { inNetwork, ipLiteral, isLoopback } from "./addresses.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface NamedProxy {
  /** With user and password, if it needs them. */
  readonly url: URL;
  /** The environment variable that names it. */
  readonly variable: string;
}

/** The proxy for a URL, undefined for none. Never one for this machine itself. Throws E_USAGE for what is no proxy. */
export function proxyFor(url: URL, environment: Environment): NamedProxy | undefined {
  const scheme = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const variable = variableSet(environment, scheme) ?? variableSet(environment, "ALL_PROXY");
  if (variable === undefined || isLoopback(url.hostname)) return undefined;
  if (isExempt(url, variableValue(environment, "NO_PROXY"))) return undefined;

  const text = environment[variable] ?? "";
  const href = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(href) ? new URL(href) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return { url: proxy, variable };
  // The value is not shown: it may hold a password.
  throw new Docker2vmError("E_USAGE", `the environment variable ${variable} names no http or https proxy`, {
    hint: `write ${variable}=http://HOST:PORT`,
  });
}

/**
 * Whether NO_PROXY exempts the URL: `*`, a host (and all below it), `.host` (only those below it), an address, a
 * range; each with `:port` for that port alone.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase();
  const ip = ipLiteral(host);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return noProxy.split(/[\s,]+/).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    const [, pattern = "", entryPort] = splitPort(entry.toLowerCase());
    if (entryPort !== undefined && entryPort !== port) return false;
    if (ip !== undefined) return inNetwork(ip, pattern);
    const suffix = pattern.replace(/^\*(?=\.)/, "");
    return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
  });
}

/** "host:port", "[v6]:port"; a bare IPv6 address has colons but no port. */
function splitPort(entry: string): readonly (string | undefined)[] {
  return /^\[(.*)\](?::(\d+))?$/.exec(entry) ?? /^([^:]*)(?::(\d+))?$/.exec(entry) ?? ["", entry];
}

/** The spelling of a variable under which it has a value. */
function variableSet(environment: Environment, name: string): string | undefined {
  return [name.toLowerCase(), name].find((each) => environment[each]);
}

function variableValue(environment: Environment, name: string): string {
  return environment[variableSet(environment, name) ?? name] ?? "";
}
