import type { Headers as Header } from "tar-stream";
import { encode } from "tar-stream/headers.js";
import { assert } from "../../../errors.ts";

const BLOCK = 512;
/** Small pieces are put together in chunks of so many bytes. */
const CHUNK = 2 ** 18;
/** From how many bytes on a piece goes out as it is: to copy what files hold would cost as much as to read it. */
const LARGE = 2 ** 16;
const ZEROS = new Uint8Array(BLOCK);

/** Of an extended header: the same each time, and of no file. */
const EXTENDED = {
  name: "PaxHeader",
  type: "pax-header",
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: new Date(0),
  linkname: "",
} as const;

/**
 * The bytes of a tar as they are added. Whoever adds takes what is ready before more is added: nothing is bounded here.
 * Headers are tar-stream's, without its streams, which take longer for an entry than reading a small file does.
 */
export class TarWriter {
  #chunk = Buffer.allocUnsafeSlow(CHUNK);
  /** Of the chunk, what is gathered: what lies before is given away. */
  #start = 0;
  #end = 0;
  /** Bytes of the entry's contents. */
  #length = 0;
  #ready: Uint8Array[] = [];

  /** Begins an entry, with an extended header before it unless that is empty. */
  begin(header: Header, extended: Uint8Array): void {
    if (extended.length > 0) {
      this.#gather(encoded({ ...EXTENDED, size: extended.length }));
      this.write(extended);
      this.end();
    }
    this.#gather(encoded(header));
  }

  /** Adds to the entry's contents, of which large pieces are not copied. */
  write(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (bytes.length < LARGE) {
      this.#gather(bytes);
      return;
    }
    this.#flush();
    this.#ready.push(bytes);
  }

  /** Ends the entry: contents are padded to whole blocks. */
  end(): void {
    this.#gather(ZEROS.subarray(0, -this.#length & (BLOCK - 1)));
    this.#length = 0;
  }

  /** Ends the tar: two blocks of zeros. */
  finish(): void {
    this.#gather(ZEROS);
    this.#gather(ZEROS);
    this.#flush();
  }

  /** What has come to whole chunks, each only to be read, and once. */
  take(): readonly Uint8Array[] {
    if (this.#ready.length === 0) return this.#ready;
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #gather(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + CHUNK - this.#end);
      this.#chunk.set(part, this.#end);
      this.#end += part.length;
      done += part.length;
      if (this.#end < CHUNK) return;
      this.#flush();
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK);
      this.#start = 0;
      this.#end = 0;
    }
  }

  #flush(): void {
    if (this.#start < this.#end) this.#ready.push(this.#chunk.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

function encoded(header: Parameters<typeof encode>[0]): Uint8Array {
  const block = encode(header);
  assert(block !== null, "a header is to hold more than it can");
  return block;
}
