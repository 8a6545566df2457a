import crc32 from "crc-32";
import { Gunzip } from "fflate";
import { headerLength, readTrailer, TRAILER_LENGTH } from "./gzip-format.ts";

/** Zeros that the deflate data of a member may end with when its trailer is all zeros as well. */
const LONGEST_ZERO_END = 64;
/** Bytes of a header with its names; more are held for nobody. */
const MAX_HEADER = 1 << 20;

/**
 * The members of a gzip file by fflate's Gunzip, with the checks that it lacks. It tells where a member starts only
 * once that one's header is complete; but it is silent, calling back for nothing, from the end of a member's deflate
 * data until then. So the bytes since its last word are kept to look headers and trailers up in, and the last member's
 * end is found by giving it the end of the file byte by byte. Throws an Error for damaged data.
 */
export class GzipMembers {
  readonly #gunzip = new Gunzip((bytes) => this.#take(bytes));
  /** Bytes given to fflate. */
  #position = 0;
  /** The last slice it had something to say about, and all since. */
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #spoke = false;
  #started = false;
  #crc = 0;
  #length = 0;
  #output: Uint8Array[] = [];

  constructor() {
    this.#gunzip.onmember = (start) => {
      this.#checkTrailer(this.#window.subarray(start - TRAILER_LENGTH - this.#windowStart));
      this.#startMember(start);
    };
  }

  /** The next bytes; they are kept. */
  push(slice: Uint8Array): void {
    this.#window = Buffer.concat([this.#window, slice]);
    if (this.#window.length > MAX_HEADER) throw new Error("a member's header is too long");
    this.#spoke = false;
    this.#gunzip.push(slice);
    if (this.#spoke) {
      this.#window = this.#window.subarray(this.#window.length - slice.length);
      this.#windowStart = this.#position;
    }
    this.#position += slice.length;
  }

  /**
   * The file's end: bytes of which the last is not zero, then zeros. A member that ends before the first of the bytes
   * cannot be the last one, for its trailer does not reach the end.
   */
  finish(kept: Uint8Array, zeros: number): void {
    const padding = Buffer.alloc(Math.min(zeros, LONGEST_ZERO_END + TRAILER_LENGTH));
    const tail = Buffer.concat([kept, padding]);
    let spoke = false;
    for (let at = 0; at < tail.length; at++) {
      this.push(tail.subarray(at, at + 1));
      if (spoke && !this.#spoke) {
        this.#checkTrailer(tail.subarray(at));
        if (at + TRAILER_LENGTH < kept.length) throw new Error("bytes other than zeros follow its end");
        return;
      }
      spoke = this.#spoke;
    }
    throw new Error("it ends in the middle of a member");
  }

  /** What was inflated since the last call. */
  take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  #take(bytes: Uint8Array): void {
    this.#spoke = true;
    if (!this.#started) this.#startMember(0);
    if (bytes.length === 0) return;
    this.#crc = crc32.buf(bytes, this.#crc);
    this.#length = (this.#length + bytes.length) % 2 ** 32;
    this.#output.push(bytes);
  }

  #startMember(start: number): void {
    this.#started = true;
    this.#crc = 0;
    this.#length = 0;
    const header = headerLength(this.#window, start - this.#windowStart, crc32.buf);
    if (header === undefined) throw new Error("a member's header is damaged");
  }

  /** Checks the trailer that the bytes begin with. */
  #checkTrailer(bytes: Buffer): void {
    if (bytes.length < TRAILER_LENGTH) throw new Error("it ends in the middle of a member's trailer");
    const { crc, length } = readTrailer(bytes);
    if (crc !== this.#crc >>> 0) throw new Error("a member's CRC-32 does not hold");
    if (length !== this.#length) throw new Error("a member's length does not hold");
  }
}
