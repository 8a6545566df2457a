import { write } from "node:fs";

/**
 * Bytes of a write. What comes through a pipe comes by 64 KiB, and a write for each costs twice as much; by the MiB
 * Linux (6.18, ext4) looks for as much memory in a row for each, which takes three times as long as these.
 */
const PIECE = 256 << 10;

/**
 * Writes a file from its start by way of the page cache, in pieces: one is on its way while the next is gathered.
 * Rejects with the system's errors, that of a piece at a later call.
 */
export class PieceWriter {
  readonly #fd: number;
  /** One is filled, the other may be on its way: a short file needs but one. */
  readonly #pieces: Uint8Array[] = [];
  #filling: 0 | 1 = 0;
  #filled = 0;
  /** Where in the file the piece belongs that is filled. */
  #position = 0;
  #onItsWay: Promise<void> = Promise.resolve();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Takes bytes, which are the caller's again afterwards. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === PIECE) await this.#send();
    }
  }

  /** Writes what is left, and resolves when all is written. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#send();
    await this.#onItsWay;
  }

  /** Resolves when nothing is on its way any more, written or not. */
  async settled(): Promise<void> {
    await this.#onItsWay.catch(() => undefined);
  }

  get #piece(): Uint8Array {
    const piece = this.#pieces[this.#filling] ?? new Uint8Array(PIECE);
    this.#pieces[this.#filling] = piece;
    return piece;
  }

  async #send(): Promise<void> {
    await this.#onItsWay;
    const piece = this.#piece.subarray(0, this.#filled);
    this.#onItsWay = writeFully(this.#fd, piece, this.#position);
    // Who comes next hears of it.
    this.#onItsWay.catch(() => undefined);
    this.#position += piece.length;
    this.#filling = this.#filling === 0 ? 1 : 0;
    this.#filled = 0;
  }
}

async function writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += await writeSome(fd, bytes.subarray(done), position + done);
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) =>
      error === null || error === undefined ? resolve(written) : reject(error),
    );
  });
}
