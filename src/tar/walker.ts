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
import { TYPEFLAG } from "./format.ts";
import { type FrameSink, Framing } from "./framing.ts";
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

/** What the body is that is under way, if one is. */
type Body = "contents" | "skipped" | "extended";

export class TarWalker<Entry, Kind extends string> implements FrameSink {
  /** Why the archive cannot be read any further; what was read before stands. */
  failure: WalkFailure | undefined;

  readonly #context: WalkContext<Entry, Kind>;
  readonly #framing = new Framing(this);
  readonly #extended = new ExtendedHeaders();
  #parts: TarPart<Entry>[] = [];
  /** Where the header in hand stands, and whose it is. */
  #headerAt = 0;
  #path: string | undefined;
  #body: Body = "skipped";
  /** An extended header's, as far as it has come. */
  #text = Buffer.alloc(0);
  #textFilled = 0;
  #typeflag = "";
  readonly #segments = new SegmentCursor();
  /** A file whose map of holes is still on its way. */
  #sparse: Member | undefined;
  /** Blocks of zeros in a row: two are the end. */
  #zeroBlocks = 0;
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
      this.#guard(() => this.#framing.push(chunk));
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

  onBlock(block: Buffer): void {
    if (this.#sparse !== undefined) {
      this.#sparse.map?.push(block);
      this.#openFile(this.#sparse);
      return;
    }
    this.#headerAt = this.#framing.blockAt;
    this.#path = undefined;
    if (block[0] === 0 && isZero(block)) this.#readZeroBlock();
    else this.#readHeader(block);
  }

  onBody(chunk: Uint8Array, start: number, end: number): void {
    if (this.#body === "contents") this.#takeContents(chunk, start, end);
    else if (this.#body === "extended") {
      this.#text.set(chunk.subarray(start, end), this.#textFilled);
      this.#textFilled += end - start;
    }
  }

  onBodyEnd(): void {
    if (this.#body === "extended") this.#readExtended();
  }

  onRest(bytes: Uint8Array): void {
    if (this.#warnedAfterEnd || isZero(bytes)) return;
    this.#warnedAfterEnd = true;
    this.#context.warnOfEnd("the bytes after the end of the tar are left out");
  }

  #takeContents(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const offset = this.#segments.offset;
      const length = this.#segments.advance(end - at);
      this.#parts.push({ kind: "contents", offset, bytes: chunk.subarray(at, at + length) });
      at += length;
    }
  }

  #readZeroBlock(): void {
    this.#checkNothingPending();
    if (++this.#zeroBlocks === 2) this.#framing.end();
  }

  #readHeader(block: Buffer): void {
    if (this.#zeroBlocks > 0) throw new TarFault("an entry follows a single zero block, which ends nothing");
    this.#path = headerPath(block);
    const header = decodeHeader(block, this.#path);
    if (!isExtendedHeader(header.typeflag)) {
      this.#openMember(header, block);
      return;
    }
    checkExtendedSize(header.size);
    this.#typeflag = header.typeflag;
    this.#text = Buffer.allocUnsafe(header.size);
    this.#textFilled = 0;
    this.#expectBody("extended", header.size);
    if (header.size === 0) this.#readExtended();
  }

  #readExtended(): void {
    this.#extended.read(this.#typeflag, this.#text, this.#warn);
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
      return;
    }
    this.#sparse = undefined;
    const shape = fileShape(member);
    this.#emit(member, "file", shape);
    this.#segments.begin(shape.segments);
    this.#expectBody("contents", shape.stored);
  }

  #emit(member: Member, type: TarEntryType, shape: FileShape): void {
    this.#parts.push({
      kind: "entry",
      entry: this.#context.reader.read(member, type, shape, this.#warn),
    });
  }

  #expectBody(body: Body, size: number): void {
    this.#body = body;
    this.#framing.expectBody(size);
  }

  #checkEnd(): void {
    if (this.#zeroBlocks === 2) return;
    const { isInPadding, isInBody, isInBlock, blockAt } = this.#framing;
    if (isInPadding && this.#body !== "extended") {
      this.#context.warnOfEnd("the tar ends in the padding of its last entry: it may have been cut short");
      return;
    }
    if (isInPadding || isInBody || this.#sparse !== undefined) {
      throw new TarFault("the tar ends in the middle of an entry");
    }
    if (isInBlock) {
      this.#headerAt = blockAt;
      this.#path = undefined;
      throw new TarFault("the tar ends in the middle of a header");
    }
    this.#checkNothingPending();
    if (this.#zeroBlocks === 0) {
      this.#context.warnOfEnd("the tar has no end marker: it may have been cut short");
    }
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
