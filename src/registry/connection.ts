import { setMaxListeners } from "node:events";
import type { OptionalCache } from "../cache/optional-cache.ts";
import { Docker2vmError } from "../errors.ts";
import { HttpClient } from "../http/client.ts";
import type { Timeouts } from "../http/timeouts.ts";
import { REAL_TIME, type Timing } from "../http/timing.ts";
import type { RegistryAccess } from "./access.ts";
import { readCertificates } from "./certificates.ts";
import { RepositoryClient } from "./client.ts";
import type { Credentials } from "./credential.ts";
import { findCredentials } from "./credentials.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import type { OnRegistryEvent } from "./events.ts";
import type { ImageReference } from "./reference.ts";
import { Repository } from "./repository.ts";
import type { RetryContext } from "./retrying.ts";

/** How registries are spoken to. */
export interface ConnectionOptions extends RegistryAccess {
  /** Where proxies and credentials are named: HTTPS_PROXY, DOCKER_CONFIG, HOME, PATH and their like. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long servers are waited for, where it is to be longer or shorter than usual. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly timing?: Timing | undefined;
  readonly onEvent?: OnRegistryEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Connection {
  readonly repository: Repository;
  /** Its signal fires when the caller's does and when the connection is closed. */
  readonly context: RetryContext;
  /** Ends every request. */
  close(): Promise<void>;
}

/** The repository of a reference. Nothing is asked yet. Throws E_USAGE for options that cannot be used. */
export async function connect(
  reference: ImageReference,
  cache: OptionalCache | undefined,
  offline: boolean,
  options: ConnectionOptions,
): Promise<Connection> {
  const { environment, timeouts, signal, caFile } = options;
  const ca = caFile === undefined ? undefined : await readCertificates(caFile);
  const closing = new AbortController();
  const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  // As many requests listen as run at once: Node would take that for a leak.
  setMaxListeners(0, either);
  const context: RetryContext = {
    timing: options.timing ?? REAL_TIME,
    onEvent: options.onEvent ?? (() => undefined),
    signal: either,
  };
  const { timing } = context;
  const http = new HttpClient({ environment, ca, timeouts, timing, trustedHosts: options.trustedRealms });
  const rules = { insecureHosts: options.insecureHosts ?? [], hasOwnCa: ca !== undefined };
  const clientFor = (host: string, mirrorOf?: string) =>
    makeClient(http, endpointOf(host, rules, mirrorOf), reference.repository, options, context);
  const repository = new Repository({
    reference,
    http,
    context,
    cache,
    upstream: offline ? undefined : clientFor(reference.registry),
    mirrors: (options.mirrors ?? []).map((host) => clientFor(host, reference.registry)),
    trustMirrorTags: options.trustMirrorTags ?? false,
    allowForeign: options.allowForeign ?? false,
  });
  const close = async (): Promise<void> => {
    closing.abort(new Docker2vmError("E_INTERNAL", "the image was closed while it was being read"));
    await http.close();
  };
  return { repository, context, close };
}

function makeClient(
  http: HttpClient,
  endpoint: Endpoint,
  repository: string,
  options: ConnectionOptions,
  context: RetryContext,
): RepositoryClient {
  const { credentials, environment, insecureHosts = [] } = options;
  const find = async (): Promise<Credentials | undefined> =>
    credentials !== undefined && endpoint.mirrorOf === undefined
      ? { kind: "password", ...credentials }
      : findCredentials(endpoint.host, repository, environment, context.signal);
  const rules = { insecureHosts };
  const findAt = (host: string, path: string) => findCredentials(host, path, environment, context.signal);
  const ifNone = "log in (docker login, podman login), or give --username with --password-stdin";
  const rights = { rules, ifNone, findCredentials: find, findCredentialsAt: findAt };
  return new RepositoryClient(http, { endpoint, repository, ...rights }, context);
}
