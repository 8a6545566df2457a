/** The documents of an artifact, written and read. */
import { Docker2vmError } from "../errors.ts";
import { type Descriptor, readDescriptor } from "../oci/descriptor.ts";
import { type Digest, parseDigest, sha256Of } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseDocument } from "../oci/document.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isConfigOf, isIndex, OCI_MANIFEST } from "../oci/media-types.ts";
import { quote } from "../oci/quote.ts";
import { TITLE } from "../referrer/push-referrer.ts";
import {
  ARTIFACT_CONFIG,
  ARTIFACT_TYPE,
  CHUNK_BYTES,
  CONFIG_LIMIT,
  FILE_LIMIT,
  type FileKind,
  isCompressed,
  LAYER_TYPES,
  PIECE_ANNOTATIONS,
} from "./format.ts";

/** A file of the result. */
export interface ArtifactFile {
  readonly name: string;
  /** Bytes, holes included. */
  readonly size: number;
  /** Whether it is a program: what starts a machine is a script. */
  readonly executable: boolean;
}

/** A run of a file's plain bytes. */
export interface Piece {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
  /** Of the plain bytes: what the piece is, whoever compressed it. */
  readonly digest: Digest;
}

/** A piece as it is stored. */
export interface StoredPiece extends Piece {
  readonly blob: Descriptor;
}

/** What a descriptor says at least. */
export type BlobReference = Pick<Descriptor, "mediaType" | "digest" | "size">;

export interface ArtifactManifest {
  readonly config: Descriptor;
  readonly pieces: readonly StoredPiece[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** A plain name, of what is no hidden file: nothing of an artifact leads out of the folder that it is put in. */
const NAME = /^(?!\.)[^/\\\p{Cc}]+$/u;
/** Bytes of it: as many as Linux takes. */
const NAME_LIMIT = 255;

/** Whether a name is one that a file may have which is taken out of an artifact. */
export function isPlainName(name: string): boolean {
  return NAME.test(name) && Buffer.byteLength(name) <= NAME_LIMIT;
}

const NUMBER = /^(?:0|[1-9]\d{0,15})$/;

/** The config's bytes. */
export function configDocument(files: readonly ArtifactFile[]): Uint8Array {
  const listed = files.map(({ name, size, executable }) => ({
    name,
    size,
    ...(executable ? { executable } : {}),
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 1, files: listed }));
}

/**
 * The manifest of an artifact. Throws E_LIMIT where no registry would take it: there are more pieces than it has room
 * for.
 */
export function artifactManifest(
  config: BlobReference,
  pieces: readonly (Piece & { readonly kind: FileKind; readonly blob: BlobReference })[],
  subject: BlobReference | undefined,
  annotations: Readonly<Record<string, string>>,
): RawManifest {
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: ARTIFACT_TYPE,
    config: reference(config),
    layers: pieces.map((piece) => ({ ...reference(piece.blob), annotations: pieceAnnotations(piece) })),
    ...(subject === undefined ? {} : { subject: reference(subject) }),
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  if (bytes.length > MANIFEST_LIMIT) {
    throw new Docker2vmError(
      "E_LIMIT",
      `${pieces.length} pieces make a manifest of ${bytes.length} bytes; registries take ${MANIFEST_LIMIT}`,
      { hint: "there is too much in the image beside zeros for one artifact: make a smaller one" },
    );
  }
  return { bytes, digest: sha256Of(bytes), mediaType: OCI_MANIFEST };
}

function reference({ mediaType, digest, size }: BlobReference): BlobReference {
  return { mediaType, digest, size };
}

function pieceAnnotations({ kind, file, offset, size, digest }: Piece & { readonly kind: FileKind }) {
  return {
    // Distinct, and sorted as the pieces are: programs write files of these names.
    [TITLE]: isCompressed(LAYER_TYPES[kind])
      ? `${file}.${String(offset / CHUNK_BYTES).padStart(5, "0")}.gz`
      : file,
    [PIECE_ANNOTATIONS.file]: file,
    [PIECE_ANNOTATIONS.offset]: String(offset),
    [PIECE_ANNOTATIONS.size]: String(size),
    [PIECE_ANNOTATIONS.digest]: digest,
  };
}

/** Reads a manifest. `where` names it. Throws E_UNSUPPORTED for what is no such artifact, and E_BAD_MANIFEST. */
export function parseArtifact({ bytes, mediaType }: RawManifest, where: string): ArtifactManifest {
  const value = parseDocument(bytes, where, mediaType);
  if (isIndex(mediaType)) throw notOne(value, "an index");
  const config = readDescriptor(value.field("config"));
  if (isConfigOf(mediaType, config.mediaType)) throw notOne(value, "a container image");
  if (config.mediaType !== ARTIFACT_CONFIG) {
    const type = value.field("artifactType").optionalString() ?? config.mediaType;
    throw notOne(value, `an artifact of another kind, ${quote(type)}`);
  }
  const annotations = value.field("annotations").stringMap();
  return { config, pieces: value.field("layers").items().map(readPiece), annotations };
}

function notOne(value: JsonValue, what: string): Docker2vmError {
  return value.error(
    "E_UNSUPPORTED",
    `is ${what}, not what docker2vm push makes`,
    "docker2vm convert makes a filesystem of a container image; push puts that into a registry",
  );
}

function readPiece(layer: JsonValue): StoredPiece {
  const blob = readDescriptor(layer);
  const annotations = layer.field("annotations");
  const text = (name: string) => annotations.field(name);
  const digest = text(PIECE_ANNOTATIONS.digest);
  return {
    blob,
    file: text(PIECE_ANNOTATIONS.file).string(),
    offset: readNumber(text(PIECE_ANNOTATIONS.offset)),
    size: readNumber(text(PIECE_ANNOTATIONS.size)),
    digest: parseDigest(digest.string(), digest.where),
  };
}

function readNumber(value: JsonValue): number {
  const text = value.string();
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw value.error("E_BAD_MANIFEST", `${quote(text)} is not a number of bytes`);
}

/** The files that a config lists. Throws E_BAD_MANIFEST. */
export function parseConfig(bytes: Uint8Array, where: string): readonly ArtifactFile[] {
  const value = parseJson(bytes, where, CONFIG_LIMIT);
  const version = value.field("schemaVersion");
  if (version.count() !== 1) {
    throw version.error("E_UNSUPPORTED", "is of a later version", "use a newer docker2vm");
  }
  const listed = value.field("files");
  const files = listed.items().map(readFile);
  if (files.length === 0 || files.length > FILE_LIMIT) {
    throw listed.error("E_BAD_MANIFEST", `lists ${files.length} files, expected 1 to ${FILE_LIMIT}`);
  }
  if (new Set(files.map(({ name }) => name)).size < files.length) {
    throw listed.error("E_BAD_MANIFEST", "lists two files of one name");
  }
  return files;
}

function readFile(value: JsonValue): ArtifactFile {
  const name = value.field("name");
  if (!isPlainName(name.string())) {
    throw name.error("E_BAD_MANIFEST", `${quote(name.string())} is not the plain name of a file`);
  }
  const executable = value.field("executable");
  return {
    name: name.string(),
    size: value.field("size").count(),
    executable: !executable.missing && executable.boolean(),
  };
}

/**
 * Checks that the pieces lie in their files, one behind the other; what lies between them is zeros. Throws
 * E_BAD_MANIFEST.
 */
export function checkPieces(
  files: readonly ArtifactFile[],
  pieces: readonly StoredPiece[],
  where: string,
): void {
  for (const [i, piece] of pieces.entries()) {
    const broken = whatIsWrong(files, piece);
    if (broken !== undefined) throw new Docker2vmError("E_BAD_MANIFEST", `${where}: layers[${i}]: ${broken}`);
  }
  const ends = new Map<string, number>();
  for (const { file, offset, size } of pieces.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < (ends.get(file) ?? 0)) {
      throw new Docker2vmError(
        "E_BAD_MANIFEST",
        `${where}: two layers have byte ${offset} of ${quote(file)}`,
      );
    }
    ends.set(file, offset + size);
  }
}

function whatIsWrong(files: readonly ArtifactFile[], piece: StoredPiece): string | undefined {
  const { file, offset, size, digest, blob } = piece;
  const whole = files.find(({ name }) => name === file)?.size;
  if (whole === undefined) return `is of ${quote(file)}, which its config does not list`;
  if (size === 0 || size > CHUNK_BYTES) return `has ${size} bytes, expected 1 to ${CHUNK_BYTES}`;
  if (offset + size > whole) return `ends behind the ${whole} bytes of ${quote(file)}`;
  if (isCompressed(blob.mediaType)) return undefined;
  if (blob.size !== size) return `is not compressed, and has ${blob.size} bytes for ${size}`;
  return blob.digest === digest ? undefined : "is not compressed, and has two digests";
}
