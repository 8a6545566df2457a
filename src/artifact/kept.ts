/** Results of conversions in a repository, found by a tag that their key gives them. */
import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { type Digest, digestHex } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { type ConnectionOptions, connect, connectToPush } from "../registry/connection.ts";
import { formatImageReference, type ImageReference } from "../registry/reference.ts";
import { KEY, WARNINGS } from "./format.ts";
import { fetchFiles, findArtifact, WIDTH } from "./pull.ts";
import { type PushOptions, pushResult } from "./push.ts";
import type { Result } from "./result-files.ts";

/** A repository, whatever tags it has. */
export type KeptIn = Pick<ImageReference, "registry" | "repository">;

/** Bytes that warnings may have, as JSON: manifests have their limits. */
const WARNINGS_LIMIT = 64 << 10;

/** A result that is in the repository, or is to be. */
export interface KeptResult {
  readonly key: Digest;
  /** What was told as warnings while it was made. */
  readonly warnings: readonly string[];
}

/** The tag under which the result of a key is kept. */
export function keptTag(key: Digest): string {
  return `result-${digestHex(key)}`;
}

function keptReference({ registry, repository }: KeptIn, key: Digest) {
  return { registry, repository, tag: keptTag(key), digest: undefined };
}

/**
 * Brings the files of a result to new places, by their names: all that it has, and no others; undefined where there is
 * none of the key. With `verifyKey` it must bear a signature by that. What is at the places where this throws is to be
 * thrown away. Throws as pullArtifact does.
 */
export async function pullKept(
  place: KeptIn,
  key: Digest,
  files: ReadonlyMap<string, string>,
  { verifyKey, ...options }: ConnectionOptions & { readonly verifyKey: KeyObject | undefined },
): Promise<KeptResult | undefined> {
  const reference = keptReference(place, key);
  const { repository, context, close } = await connect(reference, undefined, false, options);
  try {
    const manifest = await repository.tagged(reference.tag);
    if (manifest === undefined) return undefined;
    const found = await findArtifact(repository, manifest, verifyKey);
    const names = found.files.map(({ name }) => name);
    const pathOf = (name: string): string => files.get(name) ?? "";
    if (found.annotations[KEY] !== key || names.length !== files.size || !names.every((n) => files.has(n))) {
      throw new Docker2vmError(
        "E_BAD_MANIFEST",
        `${formatImageReference(reference)} is not what its tag says`,
      );
    }
    await fetchFiles(found, pathOf, { repository, context, close, width: WIDTH });
    return {
      key,
      warnings: warningsIn(found.annotations[WARNINGS] ?? "[]", formatImageReference(reference)),
    };
  } finally {
    await close();
  }
}

function warningsIn(text: string, where: string): readonly string[] {
  return parseJson(Buffer.from(text), `${where}: ${WARNINGS}`, WARNINGS_LIMIT).strings();
}

/**
 * Puts a result into a repository unless it is there, or in any case if `anew`. Returns whether it had to. Throws as
 * pushArtifact does.
 */
export async function pushKept(
  place: KeptIn,
  { key, warnings }: KeptResult,
  result: Pick<Result, "files" | "origin">,
  options: ConnectionOptions & Pick<PushOptions, "anew">,
): Promise<boolean> {
  const reference = keptReference(place, key);
  if (options.anew !== true && (await isThere(reference, options))) return false;
  const told = JSON.stringify(warnings);
  const annotations = {
    [KEY]: key,
    ...(warnings.length === 0 || told.length > WARNINGS_LIMIT ? {} : { [WARNINGS]: told }),
  };
  await pushResult({ ...result, leftOut: [] }, reference, { ...options, annotations });
  return true;
}

async function isThere(
  reference: ReturnType<typeof keptReference>,
  options: ConnectionOptions,
): Promise<boolean> {
  const { target, close } = await connectToPush(reference, [], options);
  try {
    return (await target.manifest(reference.tag)) !== undefined;
  } finally {
    await close();
  }
}
