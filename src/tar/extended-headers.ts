import { TarFault } from "./fault.ts";
import { MAX_EXTENDED_HEADER, MAX_GLOBAL_ATTRIBUTES, TYPEFLAG } from "./format.ts";
import type { Keywords } from "./pax.ts";
import {
  NO_RECORDS,
  overlayKeywords,
  overlayRecords,
  type PaxRecord,
  readRecords,
  splitByUse,
} from "./records.ts";
import type { Warn } from "./warn.ts";

/** What the headers before an entry say about it. */
export interface Extension {
  /** The extended header's keywords over the global ones. */
  readonly pax: Keywords;
  /** Records of extended attributes, by keyword: the entry's own, and those that all entries have. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly globalAttributes: ReadonlyMap<string, string>;
  /** The extended header's offsets and lengths of a sparse file, in their order. */
  readonly sparse: readonly PaxRecord[];
  /** GNU's long names. */
  readonly longPath: string | undefined;
  readonly longLink: string | undefined;
}

const EXTENDED: ReadonlySet<string> = new Set([
  TYPEFLAG.XHDTYPE,
  TYPEFLAG.SOLARIS_XHDTYPE,
  TYPEFLAG.XGLTYPE,
  TYPEFLAG.GNUTYPE_LONGNAME,
  TYPEFLAG.GNUTYPE_LONGLINK,
]);

/** Whether such a header only describes what follows, in its contents. */
export function isExtendedHeader(typeflag: string): boolean {
  return EXTENDED.has(typeflag);
}

/** Throws TarFault unless such a header's contents may be held in memory. */
export function checkExtendedSize(size: number): void {
  if (size > MAX_EXTENDED_HEADER) {
    throw new TarFault(`an extended header has ${size} bytes; ${MAX_EXTENDED_HEADER} are allowed`);
  }
}

/** Gathers extended headers until the entry comes that they describe. Nothing that is kept holds on to the bytes. */
export class ExtendedHeaders {
  #global = NO_RECORDS;
  #own = NO_RECORDS;
  #longPath: string | undefined;
  #longLink: string | undefined;
  #pending = false;

  /** Whether there are headers that still want an entry. */
  get pending(): boolean {
    return this.#pending;
  }

  /** Takes a header's contents; of two of the same kind the later one counts. */
  read(typeflag: string, bytes: Buffer, warn: Warn): void {
    if (bytes.length === 0) warn("empty header", () => "an extended header without contents is passed over");
    if (typeflag === TYPEFLAG.XGLTYPE) {
      this.#readGlobal(bytes, warn);
      return;
    }
    this.#pending = true;
    if (typeflag === TYPEFLAG.GNUTYPE_LONGNAME) this.#longPath = untilNul(bytes);
    else if (typeflag === TYPEFLAG.GNUTYPE_LONGLINK) this.#longLink = untilNul(bytes);
    else this.#own = readRecords(bytes);
  }

  /** What they all say about the entry that has come; the global ones stay for the next. */
  take(): Extension {
    const own = this.#own;
    const global = this.#global;
    const extension = {
      pax: own === NO_RECORDS ? global.keywords : overlayKeywords(global.keywords, own),
      attributes: own.attributes,
      globalAttributes: global.attributes,
      sparse: own.sparse,
      longPath: this.#longPath,
      longLink: this.#longLink,
    };
    this.#own = NO_RECORDS;
    this.#longPath = undefined;
    this.#longLink = undefined;
    this.#pending = false;
    return extension;
  }

  /**
   * A name, a size or a map is one file's. Said of all of them they would make one of them all, or lose the next
   * header, and who reads images passes over global headers as a whole.
   */
  #readGlobal(bytes: Buffer, warn: Warn): void {
    const { common, ofOne } = splitByUse(readRecords(bytes));
    for (const key of ofOne) {
      warn("global name", () => `gives all entries a "${key}": that is passed over, each keeps its own`);
    }
    for (const key of [...common.keywords.keys(), ...common.attributes.keys()]) {
      const shown = JSON.stringify(key.slice(0, 80));
      warn("global", () => `gives all entries after it ${shown}, as POSIX has it; container runtimes do not`);
    }
    this.#global = overlayRecords(this.#global, common);
    const { size } = this.#global.attributes;
    if (size > MAX_GLOBAL_ATTRIBUTES) {
      throw new TarFault(
        `global extended headers give every entry ${size} attributes; ${MAX_GLOBAL_ATTRIBUTES} are allowed`,
      );
    }
  }
}

/** A long name; undefined for none, so that the header's own counts. */
function untilNul(bytes: Buffer): string | undefined {
  const nul = bytes.indexOf(0);
  return bytes.toString("latin1", 0, nul < 0 ? bytes.length : nul) || undefined;
}
