/** Documents that hang at an artifact, into a folder beside its files. */
import type { KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { digestHex } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { StagedOutput } from "../output/staged-output.ts";
import { outputError } from "../output/system-errors.ts";
import { findDocuments, type HungDocument, type RefusedDocument } from "../referrer/documents.ts";
import type { Repository } from "../registry/repository.ts";
import { ATTACHMENT_LIMIT } from "./attachments.ts";
import { isPlainName } from "./manifest.ts";

/** A document that was fetched. */
export interface FetchedDocument {
  /** Absolute. */
  readonly path: string;
  readonly mediaType: string;
  /** Of the manifest that brought it. */
  readonly digest: string;
}

/** Documents that have no names yet. */
export interface StagedDocuments {
  readonly documents: readonly FetchedDocument[];
  readonly refused: readonly RefusedDocument[];
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Fetches the documents that hang at an artifact; with a key those alone that it has signed. They get their names by
 * `commit`. Throws as findDocuments and StagedOutput do.
 */
export async function stageDocuments(
  repository: Repository,
  artifact: RawManifest,
  key: KeyObject | undefined,
  folder: string,
  force: boolean,
): Promise<StagedDocuments> {
  const { documents, refused } = await findDocuments(repository, artifact, key);
  if (documents.length === 0) {
    const nothing = async () => undefined;
    return { documents: [], refused, commit: nothing, discard: nothing };
  }
  const named = namesOf(documents);
  const output = await StagedOutput.create(folder, [...named.keys()], force);
  try {
    for (const [name, { blob }] of named) {
      const bytes = await repository.document(blob, ATTACHMENT_LIMIT, "document");
      await writeFile(output.path(name), bytes).catch((error: unknown) => {
        throw outputError(error, `cannot write ${name}`);
      });
    }
  } catch (error) {
    await output.discard();
    throw error;
  }
  const fetched = [...named].map(([name, { blob, broughtBy }]) => ({
    path: output.target(name),
    mediaType: blob.mediaType,
    digest: broughtBy,
  }));
  return { documents: fetched, refused, commit: () => output.commit(), discard: () => output.discard() };
}

/** A title is somebody else's word: what is no plain name, or taken, gives way to the digest. */
function namesOf(documents: readonly HungDocument[]): ReadonlyMap<string, HungDocument> {
  const named = new Map<string, HungDocument>();
  for (const document of documents) {
    const { title, blob } = document;
    const isGood = title !== undefined && isPlainName(title) && !named.has(title);
    named.set(isGood ? title : digestHex(blob.digest), document);
  }
  return named;
}
