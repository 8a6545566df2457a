import { readdir } from "node:fs/promises";
import { LAYERS_LIMIT, layersFolder } from "../cache/layout.ts";
import { Docker2vmError } from "../errors.ts";
import { given } from "../given.ts";
import type { LayerStoreSettings } from "./options.ts";

/** Where layers are kept as they are unpacked, every value checked. */
export interface LayerStoreRequest {
  /** Of the cache. */
  readonly folder: string;
  /** Bytes on the disk. */
  readonly limit: number;
  /** Stored bytes from which on a layer is kept, and looked for. */
  readonly least: number;
  /** Whether nothing is said where layers cannot be kept. */
  readonly quiet: boolean;
}

/** Throws E_USAGE for no folder, and for a limit that is none. */
export function layerStoreRequest(settings: LayerStoreSettings): LayerStoreRequest {
  const { folder, limit = LAYERS_LIMIT, least = 0, quiet = false } = given(settings, { folder: "text" });
  if (Number.isSafeInteger(limit) && limit > 0) return { folder, limit, least, quiet };
  throw new Docker2vmError("E_USAGE", `kept layers cannot take ${limit} bytes`, {
    hint: "give a whole number above 0, or leave the option out: without it none are kept",
  });
}

/** Whether layers may be there already, so that none need be fetched before it is known. */
export async function mayBeKept(store: LayerStoreRequest | undefined): Promise<boolean> {
  return store !== undefined && (await readdir(layersFolder(store.folder)).catch(() => [])).length > 0;
}
