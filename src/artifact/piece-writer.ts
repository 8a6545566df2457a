import { createHash } from "node:crypto";
import { createGunzip, type Gunzip } from "node:zlib";
import { Docker2vmError, EXIT, reasonOf } from "../errors.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import type { BlobSink } from "../registry/blob-download.ts";
import { isCompressed } from "./format.ts";
import type { Piece, StoredPiece } from "./manifest.ts";
import type { SparseFile } from "./sparse-file.ts";

const OUTPUT_BYTES = 256 << 10;
const DAMAGED = "it is not what docker2vm push has stored: push the image again under another tag";

/** Takes a piece as it is stored, has it plain, and writes it to its place. */
export class PieceWriter implements BlobSink {
  readonly #piece: Piece;
  readonly #file: SparseFile;
  readonly #where: string;
  readonly #hash;
  readonly #inflate: Gunzip | undefined;
  #written = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Ends what is waited for: a stream that was destroyed may tell nobody (Bun). */
  #giveUp: () => void = () => undefined;

  /** `where` names the piece in messages. */
  constructor(piece: StoredPiece, file: SparseFile, where: string) {
    this.#piece = piece;
    this.#file = file;
    this.#where = where;
    this.#hash = createHash(digestAlgorithm(piece.digest));
    if (!isCompressed(piece.blob.mediaType)) return;
    this.#inflate = createGunzip({ chunkSize: OUTPUT_BYTES });
    this.#listen(this.#inflate);
  }

  /**
   * Throws E_NO_SPACE and E_IO. What is wrong with the bytes is for the end: where they do not hash to the digest that
   * was asked for, that is what is wrong.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined;
    const inflate = this.#inflate;
    if (inflate === undefined) return void this.#take(bytes);
    return this.#unlessGivenUp((done) => inflate.write(bytes, done));
  }

  /** Throws E_BAD_COMPRESSION, E_SIZE_MISMATCH, E_DIGEST_MISMATCH, E_NO_SPACE and E_IO. */
  async finish(): Promise<void> {
    const inflate = this.#inflate;
    if (inflate !== undefined && this.#failure === undefined) {
      await this.#unlessGivenUp((done) => {
        inflate.on("end", done).on("close", done).end();
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    const { size, digest } = this.#piece;
    if (this.#written !== size) throw this.#wrongSize(`${this.#written} came`);
    const hex = this.#hash.digest("hex");
    if (hex === digestHex(digest)) return;
    throw new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${this.#where}: its plain bytes are to hash to ${digest}, and hash to ${digestAlgorithm(digest)}:${hex}`,
      { hint: DAMAGED },
    );
  }

  close(): void {
    this.#inflate?.destroy();
  }

  #listen(inflate: Gunzip): void {
    inflate.on("data", (bytes: Uint8Array) => {
      if (this.#failure !== undefined) return;
      try {
        this.#take(bytes);
      } catch (error) {
        this.#fail(error);
        inflate.destroy();
      }
    });
    inflate.on("error", (error) => this.#fail(this.#broken(error)));
  }

  /** Waits until `begin` calls what it is given, or something fails. Throws what the disk has failed with. */
  async #unlessGivenUp(begin: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#giveUp = resolve;
      begin(resolve);
    });
    const error = this.#failure?.error;
    if (error instanceof Docker2vmError && error.exitCode === EXIT.output) throw error;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#giveUp();
  }

  #take(bytes: Uint8Array): void {
    const { offset, size } = this.#piece;
    if (this.#written + bytes.length > size) throw this.#wrongSize("more come");
    this.#hash.update(bytes);
    this.#file.write(offset + this.#written, bytes);
    this.#written += bytes.length;
  }

  #wrongSize(found: string): Docker2vmError {
    const message = `${this.#where}: its manifest says ${this.#piece.size} plain bytes, ${found}`;
    return new Docker2vmError("E_SIZE_MISMATCH", message, { hint: DAMAGED });
  }

  #broken(error: unknown): Docker2vmError {
    const message = `${this.#where}: broken gzip: ${reasonOf(error)}`;
    return new Docker2vmError("E_BAD_COMPRESSION", message, { hint: DAMAGED, cause: error });
  }
}
