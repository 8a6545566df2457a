import { CHUNK_SIZE } from "../../memory/chunks.ts";
import type { EntryPart } from "../../tree/entry.ts";
import type { KeptPart, PartReader } from "./part-reader.ts";

/** A layer that is kept. */
export interface KeptLayer {
  /** What PartWriter has written, piece by piece. */
  readonly entries: AsyncIterable<Buffer>;
  /** The file of the tar: a piece at each multiple of CHUNK_SIZE, good until the next. */
  readonly tar: AsyncGenerator<Buffer>;
}

/**
 * The parts of a layer in order, those of one list good until the next. Throws RangeError for records that do not lead
 * through the tar from its beginning on, and what reads either throws.
 *
 * @param onPiece told how many pieces of the tar have come
 */
export async function* partsOfTar(
  { entries, tar }: KeptLayer,
  reader: PartReader,
  onPiece: (count: number) => void,
): AsyncGenerator<readonly EntryPart[]> {
  const pieces = new TarPieces(tar);
  let parts: EntryPart[] = [];
  for await (const records of entries) {
    for (const part of reader.read(records)) {
      if (part.kind === "entry") parts.push(part);
      for (let done = 0; part.kind === "contents" && done < part.length; ) {
        if (!pieces.has(part.at + done)) {
          yield parts;
          parts = [];
          onPiece(await pieces.goTo(part.at + done));
        }
        done += pieces.cut(part, done, parts);
      }
    }
    yield parts;
    parts = [];
  }
  onPiece(await pieces.goToEnd());
}

/** The pieces of a tar, one at hand. */
class TarPieces {
  readonly #pieces: AsyncGenerator<Buffer>;
  #piece: Uint8Array = new Uint8Array(0);
  #count = 0;

  constructor(pieces: AsyncGenerator<Buffer>) {
    this.#pieces = pieces;
  }

  /** Whether a place in the file is in the piece at hand, or before it. */
  has(at: number): boolean {
    return at < this.#count * CHUNK_SIZE;
  }

  /** Goes on to the piece of a place in the file. Gives how many have come then. */
  async goTo(at: number): Promise<number> {
    while (!this.has(at)) {
      const next = await this.#pieces.next();
      if (next.done === true) throw new RangeError("contents lie beyond the tar");
      this.#piece = next.value;
      this.#count++;
    }
    return this.#count;
  }

  /** Has the rest come, which has no contents. Gives how many have come in all. */
  async goToEnd(): Promise<number> {
    while ((await this.#pieces.next()).done !== true) this.#count++;
    return this.#count;
  }

  /** Adds the contents that the piece at hand has of `part`, behind the first `done`; gives how many these are. */
  cut(part: Extract<KeptPart, { kind: "contents" }>, done: number, parts: EntryPart[]): number {
    const from = part.at + done - (this.#count - 1) * CHUNK_SIZE;
    const bytes = this.#piece.subarray(Math.max(from, 0), Math.max(from, 0) + part.length - done);
    if (from < 0 || bytes.length === 0) throw new RangeError("contents lie where the tar has none");
    parts.push({ kind: "contents", offset: part.offset + done, bytes });
    return bytes.length;
  }
}
