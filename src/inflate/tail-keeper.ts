import { TRAILER_LENGTH } from "./gzip-format.ts";

/** Bytes kept, beside zeros: a gzip trailer, and one that tells whether the deflate data reached up to it. */
const TAIL = TRAILER_LENGTH + 1;
/** Of what is passed on: fflate holds all that a slice inflates to, and calls itself once for each member in it. */
const SLICE = 16 * 1024;

const ZEROS = Buffer.alloc(SLICE);

/** Holds back the zeros at the end of what has come, and the bytes before them: it may be the end of it all. */
export class TailKeeper {
  /** The last byte of it is not zero. */
  kept: Buffer = Buffer.alloc(0);
  /** How many zeros follow. */
  zeros = 0;

  /** What is certainly not the end any more, in slices that may be kept. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let end = chunk.length;
    while (end > 0 && chunk[end - 1] === 0) end--;
    if (end === 0) {
      this.zeros += chunk.length;
      return;
    }
    if (this.zeros > SLICE) {
      yield this.kept;
      this.kept = ZEROS.subarray(0, TAIL);
      for (this.zeros -= TAIL; this.zeros > SLICE; this.zeros -= SLICE) yield ZEROS;
    }
    const joined = Buffer.concat([this.kept, ZEROS.subarray(0, this.zeros), chunk.subarray(0, end)]);
    this.zeros = chunk.length - end;
    const cut = Math.max(0, joined.length - TAIL);
    this.kept = joined.subarray(cut);
    for (let at = 0; at < cut; at += SLICE) yield joined.subarray(at, Math.min(at + SLICE, cut));
  }
}
