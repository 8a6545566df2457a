import { Docker2vmError } from "../errors.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { type SigningSettings, signerOf } from "../referrer/sign-image.ts";
import { type ConnectionOptions, connectToPush } from "../registry/connection.ts";
import type { PushTarget, Referral } from "../registry/push-target.ts";
import { formatImageReference, type ImageReference, parseImageReference } from "../registry/reference.ts";
import type { RetryContext } from "../registry/retrying.ts";
import { inParallel } from "../waiting/parallel.ts";
import { type Attachment, readAttachments } from "./attachments.ts";
import { type Place, placesOf } from "./file-pieces.ts";
import {
  ARTIFACT_CONFIG,
  ARTIFACT_TYPE,
  BASE_DIGEST,
  BASE_NAME,
  FILESYSTEM,
  PLATFORM,
  SOURCE_DIGEST,
} from "./format.ts";
import { artifactManifest, type BlobReference, configDocument, parseArtifact } from "./manifest.ts";
import type { OnTransferEvent } from "./progress.ts";
import { prepareProvenance } from "./provenance.ts";
import { type PushedDocuments, pushDocuments } from "./push-documents.ts";
import { PiecePusher, type PushedBlobs, type PushedPiece } from "./push-pieces.ts";
import { findResult, type Origin, type Result, type ResultFile } from "./result-files.ts";

/** Pieces that are read, compressed and sent at once: each is held in memory as it is and as it is stored. */
const WIDTH = 2;

export interface PushOptions extends ConnectionOptions {
  /** Other repositories of the registry that may have what is pushed. */
  readonly mountFrom?: readonly string[] | undefined;
  /** Pieces that are sent at once; 2 if absent. */
  readonly concurrency?: number | undefined;
  /** Files that are hung at the artifact. */
  readonly attachments?: readonly Attachment[] | undefined;
  /** Hang a statement there of what the files were made of, and how. */
  readonly provenance?: boolean | undefined;
  /** Sign the artifact, and what is hung there. */
  readonly signing?: SigningSettings | undefined;
  /** What the manifest says beside what follows from the result. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Take nothing that the tag stands for so far as what it says that it is. */
  readonly anew?: boolean | undefined;
  /** Hears of pieces; of the registry `onEvent` does. */
  readonly onProgress?: OnTransferEvent | undefined;
}

/** What is in the registry now. */
export interface PushResult extends PushedBlobs, PushedDocuments {
  /** "registry.example/team/vm:1" */
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: Digest;
  /** The manifest of the container image that it refers to, where that is in the same repository. */
  readonly subject: Digest | undefined;
  readonly files: readonly string[];
  /** Names of what else was in the folder. */
  readonly leftOut: readonly string[];
}

/**
 * Puts the result of a conversion, a folder or one file, into a registry as an OCI artifact, with what is said of it. The tag
 * comes last: who finds it finds all of it. Throws E_USAGE, E_IMAGE_NOT_FOUND, E_IO, E_LIMIT, E_DENIED and NetworkError.
 */
export async function pushArtifact(
  path: string,
  reference: string,
  options: PushOptions,
): Promise<PushResult> {
  const named = parseTagged(reference);
  return pushResult(await findResult(path), named, options);
}

/** The same of a result whose files may lie anywhere. */
export async function pushResult(
  { files, origin, leftOut }: Result,
  named: ImageReference & { readonly tag: string },
  options: PushOptions,
): Promise<PushResult> {
  const { mountFrom = [], signing, anew = false } = options;
  const signer = signing && (await signerOf(signing));
  const documents = await readAttachments(options.attachments ?? []);
  const stateProvenance = options.provenance
    ? await prepareProvenance(files, origin, options.signal)
    : undefined;
  const { target, repository, context, close } = await connectToPush(named, mountFrom, options);
  try {
    const pusher = new PiecePusher(target, anew ? new Map() : await knownPieces(target, named.tag));
    // Before all else, and small: who may not write here hears of it before anything is compressed.
    const config = await pusher.blob("config", ARTIFACT_CONFIG, configDocument(files));
    const subject = await subjectOf(target, origin);
    const pieces = await pushPieces(pusher, files, options, context, close);
    const manifest = artifactManifest(config, pieces, subject, {
      ...describe(origin),
      ...options.annotations,
    });
    await target.put(manifest, subject && referralOf(manifest, subject, origin));
    const name = formatImageReference(named);
    const provenance = stateProvenance?.(manifest, formatImageReference({ ...named, tag: undefined }));
    const hung = { documents, provenance, signer };
    const pushed = await pushDocuments({ target, repository }, manifest, name, hung);
    await target.tag(manifest, named.tag);
    return {
      reference: name,
      digest: manifest.digest,
      subject: subject?.digest,
      files: files.map((file) => file.name),
      leftOut,
      ...pusher.counted,
      ...pushed,
    };
  } finally {
    await close();
  }
}

/** All of them that are not zeros, in order. */
async function pushPieces(
  pusher: PiecePusher,
  files: readonly ResultFile[],
  { concurrency = WIDTH, onProgress = () => undefined }: PushOptions,
  { signal }: RetryContext,
  close: () => Promise<void>,
): Promise<readonly PushedPiece[]> {
  const places = [...placesOf(files)];
  const named = places.map(({ file, offset, size }) => ({ file: file.name, offset, size }));
  onProgress({ type: "pieces", pieces: named });
  const pieces: PushedPiece[] = [];
  const work = async ([index, place]: readonly [number, Place]): Promise<void> => {
    signal?.throwIfAborted();
    const piece = await pusher.piece(place);
    if (piece !== undefined) pieces[index] = piece;
    onProgress({ type: "piece-done", index });
  };
  await inParallel(places.entries(), concurrency, work, () => void close());
  return Object.values(pieces);
}

function referralOf(
  { bytes, digest, mediaType }: RawManifest,
  subject: BlobReference,
  origin: Origin | undefined,
): Referral {
  const described = { mediaType, digest, size: bytes.length };
  const entry = { ...described, artifactType: ARTIFACT_TYPE, annotations: describe(origin) };
  return { subject: subject.digest, entry };
}

function parseTagged(text: string): ImageReference & { readonly tag: string } {
  const { digest, tag, ...reference } = parseImageReference(text);
  if (digest === undefined && tag !== undefined) return { ...reference, tag, digest };
  throw new Docker2vmError("E_USAGE", `${text}: what is pushed gets a tag; its digest is told afterwards`, {
    hint: "write [REGISTRY/]NAME:TAG",
  });
}

/** What the tag stands for so far has most of what an image of nearly the same contents has. */
async function knownPieces(target: PushTarget, tag: string): Promise<ReadonlyMap<string, BlobReference>> {
  const found = await target.manifest(tag).catch(unlessBroken);
  if (found === undefined) return new Map();
  try {
    const { pieces } = parseArtifact(found, tag);
    return new Map(pieces.map(({ digest, blob }) => [`${digest} ${blob.mediaType}`, blob]));
  } catch (error) {
    return unlessBroken(error) ?? new Map();
  }
}

/** Whatever is there gives way to what is pushed. */
function unlessBroken(error: unknown): undefined {
  const isBroken =
    error instanceof Docker2vmError && ["E_BAD_MANIFEST", "E_UNSUPPORTED"].includes(error.code);
  if (!isBroken) throw error;
}

/** A subject is found from the repository that it is in alone. */
async function subjectOf(target: PushTarget, origin: Origin | undefined): Promise<BlobReference | undefined> {
  if (origin === undefined || !isDigest(origin.sourceDigest)) return undefined;
  const found = await target.manifest(origin.sourceDigest);
  return found && { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length };
}

function describe(origin: Origin | undefined): Readonly<Record<string, string>> {
  if (origin === undefined) return {};
  const { sourceDigest, source, platform, filesystem } = origin;
  const name = source.reference.replace(/^docker:\/\//, "");
  const base = source.kind === "registry" ? { [BASE_DIGEST]: sourceDigest, [BASE_NAME]: name } : {};
  return { ...base, [SOURCE_DIGEST]: sourceDigest, [PLATFORM]: platform, [FILESYSTEM]: filesystem };
}
