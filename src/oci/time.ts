/** date-time of RFC 3339, 5.6: "T" and "Z" may be lower case, a zone there must be. */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const MINUTE = 60;
const DAY = 86_400;

/**
 * Whole seconds since 1970, a fraction cut off; undefined where the text is no time as RFC 3339 has it. A leap second
 * (23:59:60 UTC at the end of a month) is the first second of the next day, as POSIX counts.
 */
export function timeSeconds(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const field = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field) as Fields;
  const days = daysSince1970(year, month, day);
  const [hours, minutes] = [field(8), field(9)];
  if (days === undefined || hour > 23 || minute > 59 || second > 60 || hours > 23 || minutes > 59)
    return undefined;
  const offset = (match[7] === "-" ? -MINUTE : MINUTE) * (60 * hours + minutes);
  const seconds = days * DAY + (60 * hour + minute) * MINUTE + second - offset;
  return second < 60 || isStartOfMonth(seconds) ? seconds : undefined;
}

type Fields = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Undefined for a day that no month has. */
function daysSince1970(year: number, month: number, day: number): number | undefined {
  // Not Date.UTC: years below 100 would be those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isThatDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isThatDay ? date.getTime() / (DAY * 1000) : undefined;
}

function isStartOfMonth(seconds: number): boolean {
  return seconds % DAY === 0 && new Date(seconds * 1000).getUTCDate() === 1;
}
