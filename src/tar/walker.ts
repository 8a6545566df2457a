/**
 * Walks a tar: takes its bytes as they come and says what is in it. No library does: those that there are lose their
 * place at sizes they cannot read, take no owner or time from extended headers, decode their bytes as UTF-8, read on
 * after the archive's end, know no sparse files.
 *
 * Chunks are looked at and given on in parts, never changed: they may be somebody's cache.
 */
import { checkExtendedSize, ExtendedHeaders, isExtendedHeader } from "./extended-headers.ts";
import { quotePath, TarFault } from "./fault.ts";
import { isZero } from "./fields.ts";
import { BLOCK, padded, TYPEFLAG } from "./format.ts";
import { decodeHeader, headerPath, type TarHeader } from "./header.ts";
import {
  type FileShape,
  fileShape,
  type Member,
  memberPath,
  NO_FILE,
  openMember,
  type TarEntryType,
} from "./member.ts";
import { SegmentCursor } from "./sparse.ts";
import type { TarWarning, Warn } from "./warn.ts";

/** Makes of members what the archive is read for. */
export interface MemberReader<Entry, Kind extends string> {
  /** Of a file of that shape, or of anything else. Throws TarFault for what cannot be. */
  read(member: Member, type: TarEntryType, shape: FileShape, warn: Warn<TarWarning | Kind>): Entry;
}

/** An entry, or some of the contents of the file that came last: at ascending offsets, what lies between is holes. */
export type TarPart<Entry> =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "contents"; readonly offset: number; readonly bytes: Uint8Array };

export interface WalkContext<Entry, Kind extends string> {
  readonly reader: MemberReader<Entry, Kind>;
  /** Hears what is not an error; the message names the entry. */
  readonly warn: Warn<TarWarning | Kind>;
  /** Hears how the archive ends where it does not end as it should. */
  readonly warnOfEnd: (message: string) => void;
}

/** Why an archive cannot be read, and where. */
export interface WalkFailure {
  readonly what: string;
  /** Byte of the header in hand. */
  readonly offset: number;
  readonly path: string | undefined;
}

/** What the next bytes are; "zero" is a header after one zero block, "after" what follows the end marker. */
type State = "header" | "extended" | "sparse-map" | "contents" | "skipped" | "zero" | "after";

export class TarWalker<Entry, Kind extends string> {
  /** Why the archive cannot be read any further; what was read before stands. */
  failure: WalkFailure | undefined;

  readonly #context: WalkContext<Entry, Kind>;
  readonly #extended = new ExtendedHeaders();
  #parts: TarPart<Entry>[] = [];
  #state: State = "header";
  /** Bytes of the archive before the chunk in hand, and where the header in hand stands. */
  #position = 0;
  #headerAt = 0;
  #path: string | undefined;
  /** The header in hand. A copy: it may come in several chunks, and is read as text in parts. */
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Bytes to come of contents, skipped contents or an extended header, padding included. */
  #remaining = 0;
  #padding = 0;
  #text = Buffer.alloc(0);
  #typeflag = "";
  #segments = new SegmentCursor(NO_FILE.segments);
  /** A file whose map of holes is still on its way. */
  #sparse: Member | undefined;
  #warnedAfterEnd = false;

  constructor(context: WalkContext<Entry, Kind>) {
    this.#context = context;
  }

  /** What was found since the last call, in order. */
  take(): TarPart<Entry>[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** Takes the archive's next bytes. What is wrong with them is in `failure` afterwards. */
  push(chunk: Uint8Array): void {
    if (this.failure === undefined) {
      this.#guard(() => this.#walk(chunk));
    }
  }

  /** Tells that there are no more bytes. */
  finish(): void {
    if (this.failure === undefined) this.#guard(() => this.#checkEnd());
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof TarFault)) throw error;
      this.failure = { what: error.message, offset: this.#headerAt, path: this.#path };
    }
  }

  #walk(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case "contents":
        case "skipped":
        case "extended":
          at = this.#takeBody(chunk, at);
          break;
        case "after":
          this.#checkAfterEnd(chunk.subarray(at));
          at = chunk.length;
          break;
        default:
          at = this.#takeBlock(chunk, at);
      }
    }
    this.#position += chunk.length;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#remaining, chunk.length);
    const state = this.#state;
    if (state === "contents")
      this.#takeContents(chunk, at, Math.min(end, at + this.#remaining - this.#padding));
    else if (state === "extended") {
      this.#text.set(chunk.subarray(at, end), this.#text.length - this.#remaining);
    }
    this.#remaining -= end - at;
    if (this.#remaining === 0) {
      this.#state = "header";
      if (state === "extended") this.#readExtended();
    }
    return end;
  }

  #takeContents(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const offset = this.#segments.offset;
      const length = this.#segments.advance(end - at);
      this.#parts.push({ kind: "contents", offset, bytes: chunk.subarray(at, at + length) });
      at += length;
    }
  }

  #takeBlock(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + BLOCK - this.#filled, chunk.length);
    const block = this.#block;
    block.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#readBlock(block, this.#position + end - BLOCK);
    }
    return end;
  }

  #readBlock(block: Buffer, position: number): void {
    if (this.#sparse !== undefined) {
      this.#sparse.map?.push(block);
      this.#openFile(this.#sparse);
      return;
    }
    this.#headerAt = position;
    this.#path = undefined;
    if (block[0] === 0 && isZero(block)) this.#readZeroBlock();
    else this.#readHeader(block);
  }

  #readZeroBlock(): void {
    this.#checkNothingPending();
    this.#state = this.#state === "zero" ? "after" : "zero";
  }

  #readHeader(block: Buffer): void {
    if (this.#state === "zero")
      throw new TarFault("an entry follows a single zero block, which ends nothing");
    this.#path = headerPath(block);
    const header = decodeHeader(block, this.#path);
    if (!isExtendedHeader(header.typeflag)) {
      this.#openMember(header, block);
      return;
    }
    checkExtendedSize(header.size);
    this.#typeflag = header.typeflag;
    this.#text = Buffer.allocUnsafe(padded(header.size));
    this.#expectBody("extended", header.size);
    if (header.size === 0) this.#readExtended();
  }

  #readExtended(): void {
    const bytes = this.#text.subarray(0, this.#text.length - this.#padding);
    this.#extended.read(this.#typeflag, bytes, this.#warn);
  }

  #openMember(header: TarHeader, block: Buffer): void {
    const extension = this.#extended.take();
    const path = memberPath(header, extension);
    this.#path = path;
    const member = openMember(header, block, extension, path);
    const { type, following } = member;
    if (type === "file") {
      if (path.endsWith("/"))
        this.#warn("directory's name", () => "a file with contents, though it ends in /");
      this.#openFile(member);
      return;
    }
    if (type === undefined) this.#warnSkipped(header.typeflag);
    else this.#emit(member, type, NO_FILE);
    this.#expectBody("skipped", following);
  }

  /** Goes on to the contents of a file, if its map of holes is complete or it has none. */
  #openFile(member: Member): void {
    if (member.map !== undefined && !member.map.complete) {
      this.#sparse = member;
      this.#state = "sparse-map";
      return;
    }
    this.#sparse = undefined;
    const shape = fileShape(member);
    this.#emit(member, "file", shape);
    this.#segments = new SegmentCursor(shape.segments);
    this.#expectBody("contents", shape.stored);
  }

  #emit(member: Member, type: TarEntryType, shape: FileShape): void {
    this.#parts.push({
      kind: "entry",
      entry: this.#context.reader.read(member, type, shape, this.#warn),
    });
  }

  #expectBody(state: "contents" | "skipped" | "extended", size: number): void {
    this.#remaining = padded(size);
    this.#padding = this.#remaining - size;
    this.#state = size === 0 ? "header" : state;
  }

  #checkAfterEnd(rest: Uint8Array): void {
    if (this.#warnedAfterEnd || isZero(rest)) return;
    this.#warnedAfterEnd = true;
    this.#context.warnOfEnd("the bytes after the end of the tar are left out");
  }

  #checkEnd(): void {
    if (this.#state === "after") return;
    if (this.#inPadding) {
      this.#context.warnOfEnd("the tar ends in the padding of its last entry: it may have been cut short");
      return;
    }
    const inEntry = this.#state !== "header" && this.#state !== "zero";
    if (inEntry) throw new TarFault("the tar ends in the middle of an entry");
    if (!isZero(this.#block.subarray(0, this.#filled))) {
      this.#headerAt = this.#position - this.#filled;
      this.#path = undefined;
      throw new TarFault("the tar ends in the middle of a header");
    }
    this.#checkNothingPending();
    if (this.#state === "header") {
      this.#context.warnOfEnd("the tar has no end marker: it may have been cut short");
    }
  }

  /** Whether the entry's contents have come, and only what fills up their last block has not. */
  get #inPadding(): boolean {
    const isBody = this.#state === "contents" || this.#state === "skipped";
    return isBody && this.#remaining <= this.#padding;
  }

  #checkNothingPending(): void {
    if (!this.#extended.pending) return;
    throw new TarFault("the tar ends after an extended header, before the entry it describes");
  }

  #warnSkipped(typeflag: string): void {
    if (typeflag === TYPEFLAG.GNUTYPE_VOLHDR) return;
    this.#warn("type", () => `left out: an entry of type ${JSON.stringify(typeflag)}, which is no file`);
  }

  /** Of the entry in hand. */
  readonly #warn: Warn<TarWarning | Kind> = (kind, message) => {
    this.#context.warn(kind, () => `${quotePath(this.#path ?? "")}: ${message()}`);
  };
}
