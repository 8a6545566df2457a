/**
 * Walks a tar: takes its bytes as they come and says what is in it. No library does: those that there are lose their
 * place at sizes they cannot read, take no owner or time from extended headers, decode their bytes as UTF-8, read on
 * after the archive's end, know no sparse files.
 *
 * Chunks are looked at and given on in parts, never changed: they may be somebody's cache.
 */
import type { Docker2vmError } from "../../errors.ts";
import { AttributePool } from "../../tree/attribute-pool.ts";
import { Tally } from "../../tree/tally.ts";
import { TreeBudget } from "../../tree/tree-budget.ts";
import type { TarEntryType, TarPart } from "./entry.ts";
import { checkExtendedSize, ExtendedHeaders, type Extension, isExtendedHeader } from "./extended-headers.ts";
import { badLayer, quotePath, TarFault } from "./fault.ts";
import { isZero } from "./fields.ts";
import { BLOCK, padded, TYPEFLAG } from "./format.ts";
import { decodeHeader, headerPath, type TarHeader } from "./header.ts";
import { EntryReader, entryType, type FileShape, memberPath, NO_FILE } from "./member.ts";
import { paxNumber } from "./pax.ts";
import { SegmentCursor } from "./sparse.ts";
import { openSparseMap, type SparseMap } from "./sparse-map.ts";
import type { Warn, WarningKind } from "./warn.ts";

export interface TarContext {
  /** What error messages call the layer. */
  readonly layer: string;
  /** Hears what is not an error; the message does not name the layer. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Where the image's extended attributes are kept; absent: they are this tar's alone. */
  readonly attributes?: AttributePool | undefined;
}

/** A file whose map of holes may still be on its way. */
interface SparseFile {
  readonly header: TarHeader;
  readonly path: string;
  readonly extension: Extension;
  /** Bytes that follow the header: contents, and perhaps the map. */
  readonly size: number;
  readonly map: SparseMap;
}

/** What the next bytes are; "zero" is a header after one zero block, "after" what follows the end marker. */
type State = "header" | "extended" | "sparse-map" | "contents" | "skipped" | "zero" | "after";

export class TarWalker {
  /** Why the archive cannot be read any further; what was read before stands. */
  failure: Docker2vmError | undefined;

  readonly #context: TarContext;
  readonly #reader: EntryReader;
  readonly #extended = new ExtendedHeaders();
  #parts: TarPart[] = [];
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
  #sparse: SparseFile | undefined;
  #warnedAfterEnd = false;
  readonly #warnings = new Tally<WarningKind>();

  constructor(context: TarContext) {
    this.#context = context;
    this.#reader = new EntryReader(context.attributes ?? new AttributePool(new TreeBudget()));
  }

  /** What was found since the last call, in order. */
  take(): TarPart[] {
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

  /** Tells that there are no more bytes; says what was counted for a warning. */
  finish(): void {
    if (this.failure === undefined) this.#guard(() => this.#checkEnd());
    this.#warnings.tell(this.#context.onWarning);
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof TarFault)) throw error;
      this.failure = badLayer(this.#context.layer, error.message, this.#headerAt, this.#path);
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
      this.#sparse.map.push(block);
      this.#emitSparse(this.#sparse);
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
    const { typeflag } = header;
    const extension = this.#extended.take();
    const path = memberPath(header, extension);
    this.#path = path;
    const size = paxNumber(extension.pax, "size") ?? header.size;
    const type = entryType(typeflag, path, size);
    if (type === "file") {
      if (path.endsWith("/"))
        this.#warn("directory's name", () => "a file with contents, though it ends in /");
      this.#openFile(header, path, extension, size, block);
      return;
    }
    if (type === undefined) this.#warnSkipped(typeflag);
    else this.#emit(header, path, type, extension, NO_FILE);
    // Of those that have no contents only these are followed by bytes, whatever their sizes say.
    if (type === undefined || typeflag === TYPEFLAG.GNUTYPE_DUMPDIR) this.#expectBody("skipped", size);
    else if (size > 0 && typeflag === TYPEFLAG.AREGTYPE) {
      throw new TarFault("it has contents, but its name is that of a directory");
    }
  }

  #openFile(header: TarHeader, path: string, extension: Extension, size: number, block: Buffer): void {
    const map = openSparseMap(block, header.typeflag, extension, size);
    if (map === undefined) {
      const segments = size === 0 ? NO_FILE.segments : [{ offset: 0, length: size }];
      this.#emit(header, path, "file", extension, { size, stored: size, segments });
      return;
    }
    this.#sparse = { header, path, extension, size, map };
    this.#state = "sparse-map";
    this.#emitSparse(this.#sparse);
  }

  /** Goes on to the contents of a sparse file, if its map is complete. */
  #emitSparse({ header, path, extension, size, map }: SparseFile): void {
    if (!map.complete) return;
    this.#sparse = undefined;
    const stored = size - map.inside;
    const segments = map.pairs.segments(map.realSize, stored);
    this.#emit(header, path, "file", extension, { size: map.realSize, stored, segments });
  }

  #emit(header: TarHeader, path: string, type: TarEntryType, extension: Extension, shape: FileShape): void {
    const entry = this.#reader.read(header, extension, path, type, shape.size, this.#warn);
    this.#parts.push({ kind: "entry", entry });
    this.#segments = new SegmentCursor(shape.segments);
    this.#expectBody("contents", shape.stored);
  }

  #expectBody(state: "contents" | "skipped" | "extended", size: number): void {
    this.#remaining = padded(size);
    this.#padding = this.#remaining - size;
    this.#state = size === 0 ? "header" : state;
  }

  #checkAfterEnd(rest: Uint8Array): void {
    if (this.#warnedAfterEnd || isZero(rest)) return;
    this.#warnedAfterEnd = true;
    this.#context.onWarning?.("the bytes after the end of the tar are left out");
  }

  #checkEnd(): void {
    if (this.#state === "after") return;
    if (this.#inPadding) {
      this.#context.onWarning?.("the tar ends in the padding of its last entry: it may have been cut short");
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
      this.#context.onWarning?.("the tar has no end marker: it may have been cut short");
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

  /** Of the entry in hand; told at the archive's end. */
  readonly #warn: Warn = (kind, message) => {
    this.#warnings.add(kind, () => `${quotePath(this.#path ?? "")}: ${message()}`);
  };
}
