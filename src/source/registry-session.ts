import type { KeyObject } from "node:crypto";
import { OptionalCache } from "../cache/optional-cache.ts";
import { Docker2vmError } from "../errors.ts";
import { type Connection, connect } from "../registry/connection.ts";
import { formatImageReference, parseImageReference } from "../registry/reference.ts";
import type { RegistryOptions } from "./registry-options.ts";
import type { SourceOrigin } from "./source.ts";

/** What belongs to one pull, from its first request until it is closed. */
export interface RegistrySession extends Connection {
  readonly origin: SourceOrigin;
  readonly verifyKey: KeyObject | undefined;
  readonly options: RegistryOptions;
}

/** Throws E_USAGE for a reference, file or option that cannot be used. */
export async function openSession(text: string, options: RegistryOptions): Promise<RegistrySession> {
  const reference = parseImageReference(text);
  const { cacheFolder, cacheAbsence, offline = false, verifyKey } = options;
  if (offline && cacheFolder === undefined) {
    throw new Docker2vmError(
      "E_USAGE",
      "offline, an image can come from the cache alone, and there is none",
      {
        hint: "name the cache's folder with --cache-dir, or leave out --no-cache or --offline",
      },
    );
  }
  const warn = (message: string): void => options.onEvent?.({ type: "warning", message });
  if (cacheAbsence !== undefined) warn(cacheAbsence);
  const cache = cacheFolder === undefined ? undefined : await OptionalCache.open(cacheFolder, warn);
  return {
    ...(await connect(reference, cache, offline, options)),
    origin: { kind: "registry", reference: `docker://${formatImageReference(reference)}` },
    verifyKey,
    options,
  };
}
