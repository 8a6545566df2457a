import { readSync } from "node:fs";
import { PIECE_SIZE, PieceCheck } from "../../cache/checked-file.ts";
import { type FromWorker, sendable, type ToPieceReader } from "./protocol.ts";
import { RingWriter } from "./ring.ts";

/** Reads the file of a kept layer into a ring, each piece once it is checked. */
export class PiecesJob {
  readonly #start: ToPieceReader;
  readonly #post: (message: FromWorker) => void;
  readonly #ring: RingWriter;

  constructor(start: ToPieceReader, post: (message: FromWorker) => void) {
    this.#start = start;
    this.#post = post;
    this.#ring = new RingWriter(start.pieces);
  }

  /** Never fails: what goes wrong is told to the conversion's thread, when the file is not read any more. */
  async run(): Promise<void> {
    const { id } = this.#start;
    try {
      if (await this.#readAll()) await this.#ring.end();
      this.#post({ type: "read", id });
    } catch (error) {
      await this.#ring.break();
      this.#post({ type: "failed", id, error: sendable(error) });
    }
  }

  close(): void {
    this.#ring.close();
  }

  /** False where nobody wants the rest. */
  async #readAll(): Promise<boolean> {
    const { fd, name } = this.#start;
    const check = new PieceCheck(fd, name);
    for (let n = 0; n < check.pieces; n++) {
      const slot = await this.#ring.slot();
      if (slot === undefined) return false;
      const piece = slot.subarray(0, check.lengthOf(n));
      this.#ring.put(check.piece(piece.subarray(0, readPiece(fd, piece, n * PIECE_SIZE))).length);
    }
    return true;
  }
}

/** Gives how many bytes the file has of it. */
function readPiece(fd: number, piece: Uint8Array, position: number): number {
  let done = 0;
  while (done < piece.length) {
    const came = readSync(fd, piece, done, piece.length - done, position + done);
    if (came === 0) break;
    done += came;
  }
  return done;
}
