import type { KeyObject } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { StagedOutput } from "../output/staged-output.ts";
import { type ConnectionOptions, connect } from "../registry/connection.ts";
import { formatImageReference, parseImageReference } from "../registry/reference.ts";
import type { Repository } from "../registry/repository.ts";
import type { RetryContext } from "../registry/retrying.ts";
import { inParallel } from "../waiting/parallel.ts";
import { CONFIG_LIMIT } from "./format.ts";
import { type ArtifactFile, checkPieces, parseArtifact, parseConfig, type StoredPiece } from "./manifest.ts";
import { PieceWriter } from "./piece-writer.ts";
import { SparseFile } from "./sparse-file.ts";

const WIDTH = 4;

export interface PullOptions extends ConnectionOptions {
  /** Folder for the files; made if it is not there. */
  readonly out: string;
  /** Replace files that are there. */
  readonly force?: boolean | undefined;
  /** Pieces that are fetched at once; 4 if absent. */
  readonly concurrency?: number | undefined;
  /** A PEM file: demand a cosign signature of the artifact by this key. */
  readonly verifyKeyFile?: string | undefined;
}

/** What is in the folder now. */
export interface PullResult {
  /** "registry.example/team/vm:1" */
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: Digest;
  /** Absolute. */
  readonly paths: readonly string[];
  /** Bytes of the files, and those that came. */
  readonly apparentBytes: number;
  readonly fetchedBytes: number;
}

/**
 * Brings the files of an artifact that `pushArtifact` has made back into a folder: all of them, each byte checked, or
 * nothing. Throws E_USAGE, E_UNSUPPORTED, E_BAD_MANIFEST, E_SIGNATURE, E_DIGEST_MISMATCH, E_SIZE_MISMATCH,
 * E_OUTPUT_EXISTS, E_NO_SPACE, E_IO, E_IMAGE_NOT_FOUND, E_DENIED and NetworkError.
 */
export async function pullArtifact(reference: string, options: PullOptions): Promise<PullResult> {
  const named = parseImageReference(reference);
  const key = await readKey(options.verifyKeyFile);
  const { repository, context, close } = await connect(named, undefined, false, options);
  try {
    const { digest, files, pieces } = await findArtifact(repository, key);
    const names = files.map(({ name }) => name);
    const output = await StagedOutput.create(options.out, names, options.force ?? false);
    try {
      const made = files.map((file) => new SparseFile(output.path(file.name), file));
      try {
        const fileOf = new Map(files.map(({ name }, i) => [name, made[i]]));
        const work = async (piece: StoredPiece): Promise<void> => {
          const file = fileOf.get(piece.file);
          if (file !== undefined) await fetchPiece(repository, piece, file, context);
        };
        await inParallel(pieces, options.concurrency ?? WIDTH, work, () => void close());
      } finally {
        for (const file of made) file.close();
      }
      options.signal?.throwIfAborted();
      await output.commit();
    } catch (error) {
      await output.discard();
      throw error;
    }
    return {
      reference: formatImageReference(named),
      digest,
      paths: names.map((name) => output.target(name)),
      apparentBytes: files.reduce((sum, { size }) => sum + size, 0),
      fetchedBytes: pieces.reduce((sum, { blob }) => sum + blob.size, 0),
    };
  } finally {
    await close();
  }
}

/** Loaded when it is wanted: few demand a signature. */
async function readKey(file: string | undefined): Promise<KeyObject | undefined> {
  if (file === undefined) return undefined;
  const { readSignatureKey } = await import("../signature/key.ts");
  return readSignatureKey(file);
}

interface FoundArtifact {
  readonly digest: Digest;
  readonly files: readonly ArtifactFile[];
  readonly pieces: readonly StoredPiece[];
}

async function findArtifact(repository: Repository, key: KeyObject | undefined): Promise<FoundArtifact> {
  const manifest = await repository.root();
  if (key !== undefined) {
    const { requireSignature } = await import("../signature/require-signature.ts");
    await requireSignature(repository, [manifest], key);
  }
  const { digest } = manifest;
  const where = repository.name(`manifest ${digest}`);
  const { config, pieces } = parseArtifact(manifest, where);
  const document = await repository.document(config, CONFIG_LIMIT, "config");
  const files = parseConfig(document, repository.name(`config ${config.digest}`));
  checkPieces(files, pieces, where);
  return { digest, files, pieces };
}

async function fetchPiece(
  repository: Repository,
  piece: StoredPiece,
  file: SparseFile,
  context: RetryContext,
): Promise<void> {
  const role = `${piece.file} at ${piece.offset}`;
  const writer = new PieceWriter(piece, file, repository.name(`${role} ${piece.blob.digest}`));
  try {
    await repository.download({ ...piece.blob, role }, writer, context);
    await writer.finish();
  } finally {
    writer.close();
  }
}
