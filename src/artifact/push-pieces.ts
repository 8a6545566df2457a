import { sha256Of } from "../oci/digest.ts";
import type { HowPushed } from "../registry/blob-upload.ts";
import type { PushTarget } from "../registry/push-target.ts";
import { isZeros, type Place, readPlace, store } from "./file-pieces.ts";
import { type FileKind, LAYER_TYPES } from "./format.ts";
import type { BlobReference, Piece } from "./manifest.ts";

/** A piece that is in the repository. */
export interface PushedPiece extends Piece {
  readonly kind: FileKind;
  readonly blob: BlobReference;
}

/** What became of the parts of a push. */
export interface PushedBlobs {
  /** How many blobs were there, came from another repository, and were sent. */
  readonly blobs: Readonly<Record<HowPushed, number>>;
  /** Bytes of what was sent. */
  readonly sentBytes: number;
}

/** Has the pieces of files in a repository, and counts. */
export class PiecePusher {
  readonly #target: PushTarget;
  readonly #known: ReadonlyMap<string, BlobReference>;
  /** Pieces of the same bytes are stored once. */
  readonly #stored = new Map<string, Promise<BlobReference>>();
  readonly #blobs: Record<HowPushed, number> = { there: 0, mounted: 0, sent: 0 };
  #sentBytes = 0;

  /** `known`: what is there of pieces, by their digest and media type. */
  constructor(target: PushTarget, known: ReadonlyMap<string, BlobReference>) {
    this.#target = target;
    this.#known = known;
  }

  get counted(): PushedBlobs {
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
  async piece(place: Place): Promise<PushedPiece | undefined> {
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
