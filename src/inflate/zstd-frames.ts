import { checked } from "./bad-compression.ts";
import { checkHeader, hasChecksum, headerLength, littleEndian } from "./zstd-frame-header.ts";

/** 3.1.1 and 3.1.2; the last four bits of a skippable frame's are free. */
const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** 3.1.1.2.3: no block holds more, compressed or not. */
const MAX_BLOCK = 128 * 1024;

const MAGIC_BYTES = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);

/** Told the bytes of frames in order, skippable frames left out; a call's bytes never reach beyond a block's end. */
export type FrameListener = (bytes: Uint8Array, endsFrame: boolean) => void;

type Part =
  | "magic"
  | "skippable-size"
  | "skipped"
  | "descriptor"
  | "header"
  | "block-header"
  | "block"
  | "checksum";

/** Those whose bytes say what comes next. */
const FIELDS: ReadonlySet<Part> = new Set([
  "magic",
  "skippable-size",
  "descriptor",
  "header",
  "block-header",
]);
/** Those that are in no frame with contents; the magic number is not known for one before it is complete. */
const OUTSIDE: ReadonlySet<Part> = new Set(["magic", "skippable-size", "skipped"]);

/**
 * Walks zstd frames (RFC 8878, 3.1) as their bytes come. All sizes are stated, so nothing is decoded. Throws an Error
 * for what is no frame.
 */
export class ZstdFrames {
  #part: Part = "magic";
  /** Bytes until the part is complete. */
  #missing = 4;
  #field: number[] = [];
  #descriptor = 0;
  #lastBlock = false;

  push(chunk: Uint8Array, listen: FrameListener): void {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      const part = this.#part;
      const end = Math.min(at + this.#missing, chunk.length);
      if (FIELDS.has(part)) this.#field.push(...chunk.subarray(at, end));
      this.#missing -= end - at;
      at = end;
      if (this.#missing === 0) this.#advance(part);
      if (OUTSIDE.has(part)) {
        start = at;
        if (this.#part === "descriptor") listen(MAGIC_BYTES, false);
      } else if (part === "block" || this.#part === "magic" || at === chunk.length) {
        listen(chunk.subarray(start, at), this.#part === "magic");
        start = at;
      }
    }
  }

  /** Throws unless a frame has just ended. */
  finish(): void {
    if (this.#part !== "magic" || this.#field.length > 0) throw new Error("it ends in the middle of a frame");
  }

  #advance(part: Part): void {
    switch (part) {
      case "magic":
        this.#readMagic(this.#takeNumber());
        break;
      case "skippable-size":
        this.#skip(this.#takeNumber());
        break;
      case "skipped":
      case "checksum":
        this.#expect("magic", 4);
        break;
      case "descriptor":
        this.#descriptor = this.#takeNumber();
        this.#expect("header", headerLength(this.#descriptor));
        break;
      case "header":
        checkHeader(this.#descriptor, this.#takeField());
        this.#expect("block-header", 3);
        break;
      case "block-header":
        this.#readBlockHeader(this.#takeNumber());
        break;
      case "block":
        this.#endBlock();
    }
  }

  #skip(size: number): void {
    if (size === 0) this.#expect("magic", 4);
    else this.#expect("skipped", size);
  }

  #readMagic(magic: number): void {
    if (magic === ZSTD_MAGIC) this.#expect("descriptor", 1);
    else if (magic - (magic % 16) === SKIPPABLE_MAGIC) this.#expect("skippable-size", 4);
    else throw new Error("something that is no frame stands where one should begin");
  }

  /** 3.1.1.2: Last_Block, Block_Type and Block_Size in 1, 2 and 21 bits. */
  #readBlockHeader(header: number): void {
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3) throw new Error("a block has the reserved type");
    if (size > MAX_BLOCK) throw new Error(`a block has ${size} bytes; ${MAX_BLOCK} are allowed`);
    this.#lastBlock = (header & 1) === 1;
    // An RLE_Block's size is that of its contents; one byte is stored.
    const stored = type === 1 ? 1 : size;
    if (stored === 0) this.#endBlock();
    else this.#expect("block", stored);
  }

  #endBlock(): void {
    if (!this.#lastBlock) this.#expect("block-header", 3);
    else if (hasChecksum(this.#descriptor)) this.#expect("checksum", 4);
    else this.#expect("magic", 4);
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
  }

  #takeField(): number[] {
    const field = this.#field;
    this.#field = [];
    return field;
  }

  #takeNumber(): number {
    return littleEndian(this.#takeField());
  }
}

/** The same chunks, looked at: throws `damaged` of what is no frame, and at the end if a frame is not complete. */
export async function* checkZstdFrames(
  stored: AsyncIterable<Uint8Array>,
  damaged: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of stored) {
    checked(damaged, () => frames.push(chunk, () => {}));
    yield chunk;
  }
  checked(damaged, () => frames.finish());
}
