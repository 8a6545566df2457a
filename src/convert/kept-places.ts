/** The places that results are kept in: a cache on this machine, a repository in a registry. */
import type { KeyObject } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Results } from "../cache/results.ts";
import { Docker2vmError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { parseImageReference } from "../registry/reference.ts";
import type { RegistryOptions } from "../source/registry-options.ts";
import { METADATA_LIMIT, metadataAgain, type UsedAgain } from "./kept-metadata.ts";
import { type ImageMetadata, METADATA_NAME, metadataText } from "./meta.ts";
import type { FolderRequest } from "./request.ts";
import type { RepositoryName } from "./results-request.ts";

/** Tries of one thing at a registry that only saves work: a conversion takes less time than all of the usual ones. */
const ATTEMPTS = 2;
const NOTE_LIMIT = 16 << 20;

/** A result that is wanted, or there. */
export interface KeepableResult extends UsedAgain {
  readonly request: FolderRequest;
  readonly key: Digest;
  /** Where its files are made, by the names that they have in a folder of their own; without `meta.json`. */
  readonly files: ReadonlyMap<string, string>;
  /** A folder for what is not to stay. */
  readonly scratch: string;
  /** A signature by this key is demanded of what comes from a registry. */
  readonly verifyKey: KeyObject | undefined;
}

/** What is known of a result beside its files. */
export interface Note {
  readonly metadata: ImageMetadata;
  readonly warnings: readonly string[];
}

/** Undefined where there is none that is whole. Throws E_IO, E_NO_SPACE, E_BAD_MANIFEST and the signal's reason. */
export async function bringFromCache(wanted: KeepableResult, folder: string): Promise<Note | undefined> {
  const { key, files, request } = wanted;
  const found = await new Results(folder).bring({ key, files, mode: 0o666 }, request.signal);
  if (found === undefined) return undefined;
  if (found === "damaged") {
    const message = `the cache's copy of the result ${key} is damaged: it is dropped`;
    request.report({ type: "warning", message });
    return undefined;
  }
  const value = parseJson(Buffer.from(found.note), `result ${key}`, NOTE_LIMIT);
  const metadata = Buffer.from(value.field("metadata").string());
  return {
    metadata: metadataAgain(metadata, `result ${key}`, wanted),
    warnings: value.field("warnings").strings(),
  };
}

/** Undefined where there is none. Throws as pullKept does, E_BAD_MANIFEST for what describes something else. */
export async function bringFromRegistry(
  wanted: KeepableResult,
  place: RepositoryName,
): Promise<Note | undefined> {
  const { key, files, scratch, verifyKey } = wanted;
  const beside = join(scratch, METADATA_NAME);
  try {
    // Loaded only here: few have such a repository.
    const { pullKept } = await import("../artifact/kept.ts");
    const all = new Map([...files, [METADATA_NAME, beside]]);
    const found = await pullKept(place, key, all, { ...accessTo(place, wanted), verifyKey });
    if (found === undefined) return undefined;
    const where = `result ${key} in ${place.registry}/${place.repository}`;
    const { size } = await stat(beside);
    // How long a file is that is mostly a hole costs nobody anything to say.
    if (size > METADATA_LIMIT) {
      throw new Docker2vmError("E_BAD_MANIFEST", `${where}: ${METADATA_NAME} has ${size} bytes`);
    }
    return { metadata: metadataAgain(await readFile(beside), where, wanted), warnings: found.warnings };
  } finally {
    await rm(beside, { force: true });
  }
}

/**
 * Returns whether it is kept: not where it would have to be copied and no `copies` are wanted, or it is too large for
 * that. Throws as Results.keep does.
 */
export async function keepInCache(
  { key, files, request }: KeepableResult,
  { metadata, warnings }: Note,
  folder: string,
  copies: boolean,
): Promise<boolean> {
  const note = JSON.stringify({ metadata: metadataText(metadata), warnings });
  return new Results(folder).keep({ key, note, files }, { copies, signal: request.signal });
}

/** In the place of what is there, if that `isBroken`. Throws as pushKept does. */
export async function keepInRegistry(
  wanted: KeepableResult,
  { metadata, warnings }: Note,
  place: RepositoryName,
  isBroken: boolean,
): Promise<void> {
  const { key, files: made, scratch, request } = wanted;
  const beside = join(scratch, METADATA_NAME);
  const assets = [...made.keys()].filter((name) => name !== request.filesystem.fileName);
  await writeFile(beside, metadataText(assets.length === 0 ? metadata : { ...metadata, assets }));
  try {
    const { pushKept } = await import("../artifact/kept.ts");
    const { originIn, resultFile } = await import("../artifact/result-files.ts");
    const all = [...made, [METADATA_NAME, beside] as const];
    const files = await Promise.all(all.map(([name, path]) => resultFile(path, name)));
    const result = { files, origin: await originIn(beside) };
    await pushKept(place, { key, warnings }, result, { ...accessTo(place, wanted), anew: isBroken });
  } finally {
    await rm(beside, { force: true });
  }
}

/** A user's name and password are for the registry that the image is in, and no other. */
function accessTo(place: RepositoryName, { origin, request }: KeepableResult) {
  const { environment, insecureHosts, trustedRealms, caFile, credentials } = request.registry;
  const isImages =
    origin.kind === "registry" && parseImageReference(origin.reference).registry === place.registry;
  const access: Omit<RegistryOptions, "scratchFolder"> = {
    environment,
    insecureHosts,
    trustedRealms,
    caFile,
    credentials: isImages ? credentials : undefined,
    attempts: ATTEMPTS,
    signal: request.signal,
    onEvent: request.report,
  };
  return access;
}
