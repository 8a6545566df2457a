interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Bytes of a filesystem for a reader: as UTF-8 where they are, U+FFFD where they are not. */
export function bytesAsText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** What a Date can be: the years -271821 to 275760. */
const LATEST_DATE = 8_640_000_000_000;

/**
 * "2024-05-06T07:08:09.123456789Z"; without a fraction where that is zero. The time zone never matters. What is past all
 * calendars is "@" with its seconds since 1970, as date(1) reads them.
 */
export function isoTime({ seconds, nanoseconds }: Time): string {
  if (Math.abs(seconds) >= LATEST_DATE) return `@${seconds}`;
  const whole = new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "");
  return nanoseconds === 0 ? `${whole}Z` : `${whole}.${String(nanoseconds).padStart(9, "0")}Z`;
}
