import type { Docker2vmError, ErrorCode } from "../errors.ts";
import { NetworkError } from "../http/network-errors.ts";
import type { RepositoryClient } from "./client.ts";
import type { OnRegistryEvent } from "./events.ts";

/** What befalls every request: no right to the repository, redirects that lead nowhere, credentials that are broken. */
const USELESS: ReadonlySet<ErrorCode> = new Set(["E_DENIED", "E_NETWORK", "E_USAGE"]);

/**
 * The mirrors of one repository. One that cannot be had anything from is left out for the rest of the run; one that
 * lacks this or that is not. Either is told once, for an image may have a hundred layers.
 */
export class Mirrors {
  readonly #clients: readonly RepositoryClient[];
  readonly #onEvent: OnRegistryEvent;
  readonly #leftOut = new Set<RepositoryClient>();
  readonly #told = new Set<string>();

  constructor(clients: readonly RepositoryClient[], onEvent: OnRegistryEvent) {
    this.#clients = clients;
    this.#onEvent = onEvent;
  }

  /** Those that are worth asking, in order. */
  get inUse(): readonly RepositoryClient[] {
    return this.#clients.filter((client) => !this.#leftOut.has(client));
  }

  /** Hears of a failure that `next` is asked after. */
  failed(client: RepositoryClient, error: Docker2vmError, next: string): void {
    if (this.#leftOut.has(client)) return;
    const isUseless = error instanceof NetworkError ? error.isServers : USELESS.has(error.code);
    if (isUseless) this.#leftOut.add(client);
    const kind = `${client.endpoint.host} ${error.code}`;
    if (!isUseless && this.#told.has(kind)) return;
    this.#told.add(kind);
    const after = isUseless ? "; it is not asked any more" : "";
    this.#onEvent({ type: "warning", message: `mirror ${error.message}; asking ${next}${after}` });
  }
}
