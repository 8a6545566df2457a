import { Docker2vmError } from "../errors.ts";
import { type Digest, isDigest, sha256Of } from "../oci/digest.ts";
import type { HowPushed } from "../registry/blob-upload.ts";
import { type ConnectionOptions, connectToPush } from "../registry/connection.ts";
import type { PushTarget } from "../registry/push-target.ts";
import { formatImageReference, type ImageReference, parseImageReference } from "../registry/reference.ts";
import { inParallel } from "../waiting/parallel.ts";
import { isZeros, type Place, placesOf, readPlace, store } from "./file-pieces.ts";
import {
  ARTIFACT_CONFIG,
  ARTIFACT_TYPE,
  BASE_DIGEST,
  BASE_NAME,
  FILESYSTEM,
  type FileKind,
  LAYER_TYPES,
  PLATFORM,
  SOURCE_DIGEST,
} from "./format.ts";
import {
  artifactManifest,
  type BlobReference,
  configDocument,
  type Piece,
  parseArtifact,
} from "./manifest.ts";
import { findResult, type Origin } from "./result-files.ts";

/** Pieces that are read, compressed and sent at once: each is held in memory as it is and as it is stored. */
const WIDTH = 2;

export interface PushOptions extends ConnectionOptions {
  /** Other repositories of the registry that may have what is pushed. */
  readonly mountFrom?: readonly string[] | undefined;
  /** Pieces that are sent at once; 2 if absent. */
  readonly concurrency?: number | undefined;
}

/** What is in the registry now. */
export interface PushResult {
  /** "registry.example/team/vm:1" */
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: Digest;
  /** The manifest of the container image that it refers to, where that is in the same repository. */
  readonly subject: Digest | undefined;
  readonly files: readonly string[];
  /** Names of what else was in the folder. */
  readonly leftOut: readonly string[];
  /** How many blobs were there, came from another repository, and were sent. */
  readonly blobs: Readonly<Record<HowPushed, number>>;
  /** Bytes of those that were sent. */
  readonly sentBytes: number;
}

/**
 * Puts the result of a conversion, a folder or one file, into a registry as an OCI artifact. The tag comes last: who finds
 * it finds all of it. Throws E_USAGE, E_IMAGE_NOT_FOUND, E_IO, E_LIMIT, E_DENIED and NetworkError.
 */
export async function pushArtifact(
  path: string,
  reference: string,
  options: PushOptions,
): Promise<PushResult> {
  const named = parseTagged(reference);
  const { files, origin, leftOut } = await findResult(path);
  const { target, context, close } = await connectToPush(named, options.mountFrom ?? [], options);
  try {
    const push = new Push(target, await knownPieces(target, named.tag));
    // Before all else, and small: who may not write here hears of it before anything is compressed.
    const config = await push.blob("config", ARTIFACT_CONFIG, configDocument(files));
    const subject = await subjectOf(target, origin);
    const width = options.concurrency ?? WIDTH;
    const pieces: StoredPiece[] = [];
    const work = async ([i, place]: readonly [number, Place]): Promise<void> => {
      context.signal?.throwIfAborted();
      const piece = await push.piece(place);
      if (piece !== undefined) pieces[i] = piece;
    };
    await inParallel(numbered(placesOf(files)), width, work, () => void close());
    const annotations = describe(origin);
    const manifest = artifactManifest(config, Object.values(pieces), subject, annotations);
    const { digest, mediaType } = manifest;
    const entry = {
      mediaType,
      digest,
      size: manifest.bytes.length,
      artifactType: ARTIFACT_TYPE,
      annotations,
    };
    const referral = subject && { subject: subject.digest, entry };
    await target.pushManifest(manifest, named.tag, referral);
    return {
      reference: formatImageReference(named),
      digest,
      subject: subject?.digest,
      files: files.map(({ name }) => name),
      leftOut,
      ...push.counted,
    };
  } finally {
    await close();
  }
}

function parseTagged(text: string): ImageReference & { readonly tag: string } {
  const { digest, tag, ...reference } = parseImageReference(text);
  if (digest === undefined && tag !== undefined) return { ...reference, tag, digest };
  throw new Docker2vmError("E_USAGE", `${text}: what is pushed gets a tag; its digest is told afterwards`, {
    hint: "write [REGISTRY/]NAME:TAG",
  });
}

function* numbered<T>(items: Iterable<T>): Generator<readonly [number, T]> {
  let i = 0;
  for (const item of items) yield [i++, item];
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

interface StoredPiece extends Piece {
  readonly kind: FileKind;
  readonly blob: BlobReference;
}

class Push {
  readonly #target: PushTarget;
  readonly #known: ReadonlyMap<string, BlobReference>;
  /** Pieces of the same bytes are stored once. */
  readonly #stored = new Map<string, Promise<BlobReference>>();
  readonly #blobs: Record<HowPushed, number> = { there: 0, mounted: 0, sent: 0 };
  #sentBytes = 0;

  constructor(target: PushTarget, known: ReadonlyMap<string, BlobReference>) {
    this.#target = target;
    this.#known = known;
  }

  get counted(): Pick<PushResult, "blobs" | "sentBytes"> {
    return { blobs: { ...this.#blobs }, sentBytes: this.#sentBytes };
  }

  async blob(role: string, mediaType: string, bytes: Uint8Array): Promise<BlobReference> {
    const digest = sha256Of(bytes);
    const how = await this.#target.push({ role, digest, bytes });
    this.#blobs[how] += 1;
    if (how === "sent") this.#sentBytes += bytes.length;
    return { mediaType, digest, size: bytes.length };
  }

  /** Undefined for a piece of zeros. */
  async piece(place: Place): Promise<StoredPiece | undefined> {
    const { file, offset, size } = place;
    const bytes = await readPlace(place);
    if (isZeros(bytes)) return undefined;
    const digest = sha256Of(bytes);
    const key = `${digest} ${LAYER_TYPES[file.kind]}`;
    const storing = this.#stored.get(key) ?? this.#store(key, place, bytes);
    this.#stored.set(key, storing);
    return { kind: file.kind, file: file.name, offset, size, digest, blob: await storing };
  }

  /** Other runtimes compress to other bytes: what is there of the same plain bytes is as good. */
  async #store(key: string, place: Place, bytes: Uint8Array): Promise<BlobReference> {
    const role = `${place.file.name} at ${place.offset}`;
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#target.hasBlob(role, known.digest))) {
      this.#blobs.there += 1;
      return known;
    }
    return this.blob(role, LAYER_TYPES[place.file.kind], await store(bytes, place));
  }
}
