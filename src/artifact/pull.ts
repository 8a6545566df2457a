import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { StagedOutput } from "../output/staged-output.ts";
import type { RefusedDocument } from "../referrer/documents.ts";
import type { BlobSink } from "../registry/blob-download.ts";
import { type Connection, type ConnectionOptions, connect } from "../registry/connection.ts";
import { formatImageReference, parseImageReference } from "../registry/reference.ts";
import type { Repository } from "../registry/repository.ts";
import type { RetryContext } from "../registry/retrying.ts";
import { inParallel } from "../waiting/parallel.ts";
import type { FetchedDocument, StagedDocuments } from "./fetch-documents.ts";
import { CONFIG_LIMIT } from "./format.ts";
import { type ArtifactFile, checkPieces, parseArtifact, parseConfig, type StoredPiece } from "./manifest.ts";
import { PieceWriter } from "./piece-writer.ts";
import type { OnTransferEvent, TransferPiece } from "./progress.ts";
import { SparseFile } from "./sparse-file.ts";

/** Pieces that are fetched at once. */
export const WIDTH = 4;

export interface PullOptions extends ConnectionOptions {
  /** Folder for the files; made if it is not there. */
  readonly out: string;
  /** Replace files that are there. */
  readonly force?: boolean | undefined;
  /** Pieces that are fetched at once; 4 if absent. */
  readonly concurrency?: number | undefined;
  /** A PEM file: demand a cosign signature of the artifact by this key. */
  readonly verifyKeyFile?: string | undefined;
  /** Folder for documents that hang at the artifact; made if there are any. With a key, those alone that it has signed. */
  readonly attachments?: string | undefined;
  /** Hears of pieces; of the registry `onEvent` does. */
  readonly onProgress?: OnTransferEvent | undefined;
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
  /** Where they were asked for. */
  readonly documents: readonly FetchedDocument[];
  /** Documents that are listed and were not taken, and why. */
  readonly refused: readonly RefusedDocument[];
}

/**
 * Brings the files of an artifact that `pushArtifact` has made back into a folder: all of them, each byte checked, or
 * nothing. Throws E_USAGE, E_UNSUPPORTED, E_BAD_MANIFEST, E_SIGNATURE, E_DIGEST_MISMATCH, E_SIZE_MISMATCH,
 * E_OUTPUT_EXISTS, E_NO_SPACE, E_IO, E_IMAGE_NOT_FOUND, E_DENIED and NetworkError.
 */
export async function pullArtifact(reference: string, options: PullOptions): Promise<PullResult> {
  const named = parseImageReference(reference);
  refuseOneFolder(options);
  const key = await readKey(options.verifyKeyFile);
  const { repository, context, close } = await connect(named, undefined, false, options);
  try {
    const found = await findArtifact(repository, await repository.root(), key);
    const documents = await documentsFor(repository, found, key, options);
    try {
      const paths = await pullFiles(found, { repository, context, close }, options, documents?.commit);
      return {
        reference: formatImageReference(named),
        digest: found.manifest.digest,
        paths,
        apparentBytes: found.files.reduce((sum, { size }) => sum + size, 0),
        fetchedBytes: found.pieces.reduce((sum, { blob }) => sum + blob.size, 0),
        documents: documents?.documents ?? [],
        refused: documents?.refused ?? [],
      };
    } catch (error) {
      await documents?.discard();
      throw error;
    }
  } finally {
    await close();
  }
}

/** Documents choose their names: beside the files they could be taken for what starts the machine. */
function refuseOneFolder({ out, attachments }: PullOptions): void {
  if (attachments === undefined || absolutePath(attachments) !== absolutePath(out)) return;
  throw new Docker2vmError("E_USAGE", `the documents of an image would be among its files in ${out}`, {
    hint: "give a folder of their own with --attachments DIR",
  });
}

async function documentsFor(
  repository: Repository,
  { manifest }: FoundArtifact,
  key: KeyObject | undefined,
  { attachments, force }: PullOptions,
): Promise<StagedDocuments | undefined> {
  if (attachments === undefined) return undefined;
  const { stageDocuments } = await import("./fetch-documents.ts");
  return stageDocuments(repository, manifest, key, attachments, force ?? false);
}

/** Fetches every piece. The files come last, behind what `before` has take its place. */
async function pullFiles(
  { files, pieces }: FoundArtifact,
  { repository, context, close }: Connection,
  options: PullOptions,
  before: () => Promise<void> = async () => undefined,
): Promise<readonly string[]> {
  const { out, force = false, concurrency = WIDTH, onProgress = () => undefined } = options;
  const names = files.map(({ name }) => name);
  const output = await StagedOutput.create(out, names, force);
  try {
    const fetching = { repository, context, close, width: concurrency, onProgress };
    await fetchFiles({ files, pieces }, (name) => output.path(name), fetching);
    options.signal?.throwIfAborted();
    await before();
    await output.commit();
  } catch (error) {
    await output.discard();
    throw error;
  }
  return names.map((name) => output.target(name));
}

interface Fetching extends Connection {
  /** Pieces that are fetched at once. */
  readonly width: number;
  readonly onProgress?: OnTransferEvent | undefined;
}

/** Makes the files of an artifact at the new places that `pathOf` gives them, each byte checked. */
export async function fetchFiles(
  { files, pieces }: Pick<FoundArtifact, "files" | "pieces">,
  pathOf: (name: string) => string,
  { repository, context, close, width, onProgress = () => undefined }: Fetching,
): Promise<void> {
  const made = new Map<string, SparseFile>();
  try {
    for (const file of files) made.set(file.name, new SparseFile(pathOf(file.name), file));
    onProgress({ type: "pieces", pieces: pieces.map(asTold) });
    const work = async ([index, piece]: readonly [number, StoredPiece]): Promise<void> => {
      const file = made.get(piece.file);
      const tell = (bytes: number) => onProgress({ type: "piece", index, bytes, size: piece.blob.size });
      if (file !== undefined) await fetchPiece(repository, piece, file, context, tell);
      onProgress({ type: "piece-done", index });
    };
    await inParallel(pieces.entries(), width, work, () => void close());
  } finally {
    for (const file of made.values()) file.close();
  }
}

function asTold({ file, offset, blob: { size } }: StoredPiece): TransferPiece {
  return { file, offset, size };
}

/** Loaded when it is wanted: few demand a signature. */
async function readKey(file: string | undefined): Promise<KeyObject | undefined> {
  if (file === undefined) return undefined;
  const { readSignatureKey } = await import("../signature/key.ts");
  return readSignatureKey(file);
}

/** An artifact whose documents are here and checked. */
export interface FoundArtifact {
  readonly manifest: RawManifest;
  readonly files: readonly ArtifactFile[];
  readonly pieces: readonly StoredPiece[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a manifest of the repository is; where a key is given, it must bear a signature by that. */
export async function findArtifact(
  repository: Repository,
  manifest: RawManifest,
  key: KeyObject | undefined,
): Promise<FoundArtifact> {
  if (key !== undefined) {
    const { requireSignature } = await import("../signature/require-signature.ts");
    await requireSignature(repository, [manifest], key);
  }
  const { digest } = manifest;
  const where = repository.name(`manifest ${digest}`);
  const { config, pieces, annotations } = parseArtifact(manifest, where);
  const document = await repository.document(config, CONFIG_LIMIT, "config");
  const files = parseConfig(document, repository.name(`config ${config.digest}`));
  checkPieces(files, pieces, where);
  return { manifest, files, pieces, annotations };
}

async function fetchPiece(
  repository: Repository,
  piece: StoredPiece,
  file: SparseFile,
  context: RetryContext,
  tell: (bytes: number) => void,
): Promise<void> {
  const role = `${piece.file} at ${piece.offset}`;
  const writer = new PieceWriter(piece, file, repository.name(`${role} ${piece.blob.digest}`));
  let came = 0;
  const sink: BlobSink = {
    append: (bytes) => {
      came += bytes.length;
      tell(came);
      return writer.append(bytes);
    },
  };
  try {
    await repository.download({ ...piece.blob, role }, sink, context);
    await writer.finish();
  } finally {
    writer.close();
  }
}
