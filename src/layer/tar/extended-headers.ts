import { TarFault } from "./fault.ts";
import { MAX_EXTENDED_HEADER, TYPEFLAG } from "./format.ts";
import { overlayRecords, type PaxRecord, parsePaxRecords } from "./pax.ts";

/** What the headers before an entry say about it. */
export interface Extension {
  /** Extended header records over the global ones. */
  readonly pax: ReadonlyMap<string, string>;
  /** The extended header's own records in their order. */
  readonly records: readonly PaxRecord[];
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
  if (size === 0) throw new TarFault("an extended header is empty");
  if (size > MAX_EXTENDED_HEADER) {
    throw new TarFault(`an extended header has ${size} bytes; ${MAX_EXTENDED_HEADER} are allowed`);
  }
}

/** Gathers extended headers until the entry comes that they describe. */
export class ExtendedHeaders {
  #global: ReadonlyMap<string, string> = new Map();
  #records: readonly PaxRecord[] | undefined;
  #longPath: string | undefined;
  #longLink: string | undefined;

  /** Whether there are headers that still want an entry. */
  get pending(): boolean {
    return this.#records !== undefined || this.#longPath !== undefined || this.#longLink !== undefined;
  }

  /** Takes a header's contents; of two of the same kind the later one counts. */
  read(typeflag: string, text: string): void {
    switch (typeflag) {
      case TYPEFLAG.XGLTYPE:
        this.#global = overlayRecords(this.#global, parsePaxRecords(text));
        break;
      case TYPEFLAG.GNUTYPE_LONGNAME:
        this.#longPath = untilNul(text);
        break;
      case TYPEFLAG.GNUTYPE_LONGLINK:
        this.#longLink = untilNul(text);
        break;
      default:
        this.#records = parsePaxRecords(text);
    }
  }

  /** What they all say about the entry that has come; the global ones stay for the next. */
  take(): Extension {
    const records = this.#records ?? [];
    const extension = {
      pax: records.length === 0 ? this.#global : overlayRecords(this.#global, records),
      records,
      longPath: this.#longPath,
      longLink: this.#longLink,
    };
    this.#records = undefined;
    this.#longPath = undefined;
    this.#longLink = undefined;
    return extension;
  }
}

function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
