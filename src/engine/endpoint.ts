/** Where a Docker engine listens, as Docker's own client finds it: docker/cli, cli/command/cli.go and cli/context. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { Docker2vmError, isAbsence } from "../errors.ts";
import type { Environment } from "../http/proxy.ts";
import { homeFolder } from "../machine.ts";
import { parseJson } from "../oci/json.ts";
import { quote } from "../oci/quote.ts";
import { whyUnreadable } from "../system-errors.ts";

export interface EngineEndpoint {
  /** As messages name it: "unix:///var/run/docker.sock". */
  readonly name: string;
  /** What every request begins with, also with its path. */
  readonly url: URL;
  /** Of a unix socket. */
  readonly socketPath?: string | undefined;
  readonly tls?: EngineTls | undefined;
}

/** PEM. */
export interface EngineTls {
  readonly ca: string | undefined;
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const DEFAULT_CONTEXT = "default";
const SETTINGS_LIMIT = 1 << 20;
const PORT = { plain: 2375, tls: 2376 } as const;
const PIPE_HINT = "docker save IMAGE | docker2vm convert - takes an image from any engine";

/**
 * That of `host`, else of DOCKER_HOST, of the context that DOCKER_CONTEXT or config.json names, or Docker's usual socket.
 * Throws E_USAGE for what names none, and for one that is reached by other means than a unix socket or TCP.
 */
export function findEndpoint(environment: Environment, host?: string): EngineEndpoint {
  const named = host ?? (environment["DOCKER_HOST"] || undefined);
  if (named !== undefined) return endpointOf(named, tlsOfEnvironment(environment));
  const folder = configFolder(environment);
  const context = environment["DOCKER_CONTEXT"] || currentContext(folder);
  return context === undefined || context === DEFAULT_CONTEXT
    ? endpointOf(DEFAULT_HOST, undefined)
    : endpointOfContext(folder ?? "", context);
}

function endpointOf(host: string, tls: EngineTls | undefined): EngineEndpoint {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
  if (scheme === "unix") {
    const socketPath = rest === "" ? DEFAULT_HOST.slice("unix://".length) : rest;
    if (!isAbsolute(socketPath)) throw malformed(host, "is no path", "write unix:///PATH/docker.sock");
    return { name: `unix://${socketPath}`, url: new URL("http://localhost"), socketPath };
  }
  if (scheme === "tcp") return endpointOfAddress(rest, tls, host);
  if (scheme === "ssh") {
    const forward = `ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${rest || "HOST"}`;
    throw malformed(
      host,
      "is reached by ssh, which is not spoken here",
      `forward its socket, ${forward}, and set DOCKER_HOST=unix:///tmp/docker.sock; or ${PIPE_HINT}`,
    );
  }
  throw malformed(host, "is not reached by a unix socket or TCP", PIPE_HINT);
}

function endpointOfAddress(address: string, tls: EngineTls | undefined, host: string): EngineEndpoint {
  const text = `${tls === undefined ? "http" : "https"}://${address}`;
  if (address === "" || !URL.canParse(text)) throw malformed(host, "is no address", "write tcp://HOST:PORT");
  const url = new URL(text);
  if (url.username + url.password + url.search + url.hash !== "")
    throw malformed(
      host,
      "is more than an address and a path",
      "write tcp://HOST:PORT, or tcp://HOST:PORT/PATH",
    );
  if (!/^[^/]*:\d+(?:\/|$)/.test(address)) url.port = String(tls === undefined ? PORT.plain : PORT.tls);
  // As Docker's client has it, all that is asked is below the path.
  url.pathname = url.pathname.replace(/\/+$/, "");
  return { name: `tcp://${url.host}${url.pathname.replace(/\/$/, "")}`, url, tls };
}

function malformed(host: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the Docker engine at ${quote(host)} ${what}`, { hint });
}

function configFolder(environment: Environment): string | undefined {
  if (environment["DOCKER_CONFIG"]) return environment["DOCKER_CONFIG"];
  const home = homeFolder(environment);
  return home === undefined ? undefined : join(home, ".docker");
}

function currentContext(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  const path = join(folder, "config.json");
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  return settings(path, () =>
    parseJson(bytes, path, SETTINGS_LIMIT).field("currentContext").optionalString(),
  );
}

function endpointOfContext(folder: string, context: string): EngineEndpoint {
  const id = createHash("sha256").update(context).digest("hex");
  const path = join(folder, "contexts/meta", id, "meta.json");
  const bytes = readIfThere(path);
  if (bytes === undefined) {
    throw new Docker2vmError("E_USAGE", `there is no Docker context ${quote(context)}: no ${path}`, {
      hint: "docker context ls lists those that there are; DOCKER_CONTEXT or DOCKER_HOST names another engine",
    });
  }
  const { host, isUnverified } = settings(path, () => {
    const docker = parseJson(bytes, path, SETTINGS_LIMIT).field("Endpoints").field("docker");
    const unverified = docker.field("SkipTLSVerify");
    return {
      host: docker.field("Host").string() || DEFAULT_HOST,
      isUnverified: !unverified.missing && unverified.boolean(),
    };
  });
  if (isUnverified && host.startsWith("tcp://")) {
    throw new Docker2vmError(
      "E_USAGE",
      `the Docker context ${quote(context)} has nobody check the engine's certificate`,
      { hint: `use a context that has its CA certificate, or ${PIPE_HINT}` },
    );
  }
  return endpointOf(host, tlsOf(join(folder, "contexts/tls", id, "docker")));
}

/** What is wrong with somebody's settings is no fault of an image. */
function settings<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Docker2vmError)) throw cause;
    throw new Docker2vmError("E_USAGE", cause.message, {
      hint: `correct ${path}, or name the engine's socket with DOCKER_HOST`,
      cause,
    });
  }
}

/** With DOCKER_TLS_VERIFY; without its certificates the system's authorities decide. */
function tlsOfEnvironment(environment: Environment): EngineTls | undefined {
  if (!environment["DOCKER_TLS_VERIFY"]) return undefined;
  const folder = environment["DOCKER_CERT_PATH"] || configFolder(environment);
  return (folder === undefined ? undefined : tlsOf(folder)) ?? { ca: undefined, identity: undefined };
}

/** Undefined where the folder has none of the files. */
function tlsOf(folder: string): EngineTls | undefined {
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) =>
    readIfThere(join(folder, name))?.toString("latin1"),
  );
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { ca, identity: { cert, key } };
  if (cert === undefined && key === undefined) return { ca, identity: undefined };
  throw new Docker2vmError("E_USAGE", `${folder}: has one of cert.pem and key.pem, but not the other`, {
    hint: "a client's certificate is of no use without its key: put both there, or neither",
  });
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    throw new Docker2vmError("E_USAGE", `${path}: ${whyUnreadable(cause)}`, {
      hint: "let this user read it, or name the engine's socket with DOCKER_HOST",
      cause,
    });
  }
}
