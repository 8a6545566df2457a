import { setMaxListeners } from "node:events";
import type { OptionalCache } from "../cache/optional-cache.ts";
import { Docker2vmError } from "../errors.ts";
import { HttpClient } from "../http/client.ts";
import type { Timeouts } from "../http/timeouts.ts";
import { REAL_TIME, type Timing } from "../http/timing.ts";
import type { RegistryAccess } from "./access.ts";
import { pullScope } from "./authorizers.ts";
import { readCertificates } from "./certificates.ts";
import { RepositoryClient } from "./client.ts";
import type { Credentials } from "./credential.ts";
import { findCredentials } from "./credentials.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import type { OnRegistryEvent } from "./events.ts";
import { PushTarget } from "./push-target.ts";
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
  /** Tries of one thing, the first included; as many as make sense if absent. */
  readonly attempts?: number | undefined;
  readonly onEvent?: OnRegistryEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to registries, until it is closed. */
interface OpenConnection {
  /** Its signal fires when the caller's does and when the connection is closed. */
  readonly context: RetryContext;
  /** Ends every request. */
  close(): Promise<void>;
}

export interface Connection extends OpenConnection {
  readonly repository: Repository;
}

export interface PushConnection extends OpenConnection {
  readonly target: PushTarget;
  /** The same repository, read: what is there now. */
  readonly repository: Repository;
}

/** The repository of a reference. Nothing is asked yet. Throws E_USAGE for options that cannot be used. */
export async function connect(
  reference: ImageReference,
  cache: OptionalCache | undefined,
  offline: boolean,
  options: ConnectionOptions,
): Promise<Connection> {
  const { http, context, endpoint, close } = await open(options);
  const scopes = [pullScope(reference.repository)];
  const clientFor = (host: string, mirrorOf?: string) =>
    makeClient(http, { endpoint: endpoint(host, mirrorOf), reference, scopes }, options, context);
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
  return { repository, context, close };
}

/**
 * The repository of a reference, to be written to: the registry's own, whatever mirrors there are. `mountFrom` are other
 * repositories there that may have what is pushed. Nothing is asked yet. Throws E_USAGE for options that cannot be used.
 */
export async function connectToPush(
  reference: ImageReference,
  mountFrom: readonly string[],
  options: ConnectionOptions,
): Promise<PushConnection> {
  const { http, context, endpoint, close } = await open(options);
  const scopes = [`repository:${reference.repository}:pull,push`, ...mountFrom.map(pullScope)];
  const own = { endpoint: endpoint(reference.registry), reference, scopes, ifDenied: MAY_NOT_WRITE };
  const client = makeClient(http, own, options, context);
  const repository = new Repository({
    ...{ reference, http, context, cache: undefined, upstream: client },
    ...{ mirrors: [], trustMirrorTags: false, allowForeign: false },
  });
  return { target: new PushTarget(client, mountFrom), repository, context, close };
}

async function open(options: ConnectionOptions) {
  const { environment, timeouts, signal, caFile, fetch } = options;
  if (fetch !== undefined && typeof fetch !== "function") throw noFetch(fetch);
  if (fetch !== undefined && caFile !== undefined) throw twoTrusts(caFile);
  const ca = caFile === undefined ? undefined : await readCertificates(caFile);
  const closing = new AbortController();
  const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  // As many requests listen as run at once: Node would take that for a leak.
  setMaxListeners(0, either);
  const context: RetryContext = {
    timing: options.timing ?? REAL_TIME,
    onEvent: options.onEvent ?? (() => undefined),
    signal: either,
    attempts: options.attempts,
  };
  const { timing } = context;
  const trustedHosts = options.trustedRealms;
  const http = new HttpClient({ environment, ca, timeouts, timing, trustedHosts, fetch });
  const rules = { insecureHosts: options.insecureHosts ?? [], hasOwnCa: ca !== undefined };
  return {
    http,
    context,
    endpoint: (host: string, mirrorOf?: string) => endpointOf(host, rules, mirrorOf),
    close: async (): Promise<void> => {
      closing.abort(new Docker2vmError("E_INTERNAL", "the image was closed while it was being read"));
      await http.close();
    },
  };
}

/** For who calls this without types. */
function noFetch(given: unknown): Docker2vmError {
  const what = given === null ? "null" : `of type ${typeof given}`;
  return new Docker2vmError("E_USAGE", `the option fetch is ${what}, and no function`, {
    hint: "give a function that exchanges requests as the global fetch does, or leave the option out",
  });
}

function twoTrusts(caFile: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the options fetch and caFile (${caFile}) exclude each other`, {
    hint: "what certificates are trusted is up to the fetch that is given",
  });
}

const MAY_NOT_WRITE =
  "log in as who may write there (docker login, or --username with --password-stdin), or check the name";

interface ClientOf {
  readonly endpoint: Endpoint;
  readonly reference: ImageReference;
  readonly scopes: readonly string[];
  readonly ifDenied?: string;
}

function makeClient(
  http: HttpClient,
  { endpoint, reference: { repository }, scopes, ifDenied }: ClientOf,
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
  const rights = { scopes, rules, ifNone, findCredentials: find, findCredentialsAt: findAt };
  return new RepositoryClient(http, { endpoint, repository, ifDenied, ...rights }, context);
}
