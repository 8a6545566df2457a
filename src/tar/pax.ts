/**
 * Extended headers: POSIX.1-2017 pax, "pax Extended Header". The text is bytes, one character each, since values
 * (xattrs above all) need not be UTF-8.
 */
import { TarFault } from "./fault.ts";

/** One "keyword=value". A keyword may come several times (GNU's sparse maps). */
export type PaxRecord = readonly [key: string, value: string];

/** Seconds since 1970, negative before; nanoseconds count upwards from them. */
export interface PaxTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What extended headers say about an entry, by keyword. */
export interface Keywords {
  get(key: string): string | undefined;
}

/**
 * Visits "length keyword=value\n" records: the keyword lies from `key` to `equals`, the value from there to `end`.
 * Throws TarFault unless the text is nothing but such records.
 */
export function visitRecords(text: string, visit: (key: number, equals: number, end: number) => void): void {
  let start = 0;
  while (start < text.length) {
    const space = text.indexOf(" ", start);
    const digits = space < 0 ? "" : text.slice(start, space);
    const end = /^[0-9]{1,7}$/.test(digits) ? start + Number(digits) : 0;
    if (end <= space + 1 || end > text.length || text[end - 1] !== "\n") {
      throw new TarFault("an extended header is malformed: a record's length is wrong");
    }
    const equals = text.indexOf("=", space + 1);
    if (equals <= space + 1 || equals >= end) {
      throw new TarFault("an extended header is malformed: a record is not keyword=value");
    }
    visit(space + 1, equals, end - 1);
    start = end;
  }
}

/** A keyword's decimal number, 0 to 2^53, or undefined where the keyword is absent. */
export function paxNumber(pax: Keywords, key: string): number | undefined {
  const text = pax.get(key);
  return text === undefined ? undefined : decimal(text, whose(key));
}

/** As paxNumber, of numbers that may have a sign: some writers' owners are negative. */
export function paxInteger(pax: Keywords, key: string): number | undefined {
  const text = pax.get(key);
  if (text === undefined) return undefined;
  const size = decimal(text.replace(/^[+-]/, ""), whose(key));
  return text.startsWith("-") ? 0 - size : size;
}

function whose(key: string): string {
  return `the extended header's ${key}`;
}

/** A number of decimal digits; `what` names it in the TarFault that anything else throws. */
export function decimal(text: string, what: string): number {
  const value = /^[0-9]{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new TarFault(`${what} is not a number below 2^53`);
  return value;
}

/** A keyword's time: decimal seconds with any fraction; nanoseconds count upwards also before 1970. */
export function paxTime(pax: Keywords, key: string): PaxTime | undefined {
  const text = pax.get(key);
  if (text === undefined) return undefined;
  const match = /^([+-]?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw new TarFault(`the extended header's ${key} is not a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] !== "-") return { seconds, nanoseconds };
  if (nanoseconds === 0) return { seconds: 0 - seconds, nanoseconds };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
