export type { RegistryAccess } from "../registry/access.ts";
export type { RegistryEvent } from "../registry/events.ts";

import type { KeyObject } from "node:crypto";
import type { ConnectionOptions } from "../registry/connection.ts";

/** How an image is pulled by its name. */
export interface RegistryOptions extends ConnectionOptions {
  /** An existing folder for layers on their way, where there is no cache. */
  readonly scratchFolder: string;
  /** Made if it is not there; undefined: no cache. */
  readonly cacheFolder?: string | undefined;
  /** Why there is no cache where one was to be used: a warning. */
  readonly cacheAbsence?: string | undefined;
  /** Ask no server: everything must be in the cache. */
  readonly offline?: boolean | undefined;
  /** Layers fetched at once; 4 unless given. */
  readonly concurrency?: number | undefined;
  /** Demand a cosign signature by this key. */
  readonly verifyKey?: KeyObject | undefined;
}
