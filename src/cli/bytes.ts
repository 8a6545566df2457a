import { Docker2vmError } from "../errors.ts";
import { inTenths, powerOf } from "../format-bytes.ts";

export { formatBytes } from "../format-bytes.ts";

const UNITS: readonly string[] = ["", "K", "M", "G", "T"];
const MEBI = 2;
const SIZE_HINT = "give bytes, or a number with K, M, G or T (powers of 1024), such as 512M or 2G";
const FORM = /^(\d+)(?:\.(\d+))?\s*([KMGT]?)(?:i?B)?$/i;

/**
 * Bytes of "2147483648", "2G", "1.5GiB" or "500mb". Units are powers of 1024 in every spelling, as mke2fs takes
 * them. Throws E_USAGE for anything that is not a whole number of bytes; which of them make sense is for others to say.
 */
export function parseSize(text: string, option: string): number {
  const [, whole = "", fraction = "", unit = ""] = FORM.exec(text) ?? [];
  const wrong = (why: string, hint = SIZE_HINT): Docker2vmError =>
    new Docker2vmError("E_USAGE", `${option} ${JSON.stringify(text)} ${why}`, { hint });
  if (whole === "") throw wrong("is not a size");
  const power = UNITS.indexOf(unit.toUpperCase());
  // Exact: 0.1K is not a whole number of bytes, and a float would have to guess.
  const scaled = BigInt(whole + fraction) * 1024n ** BigInt(power);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) throw wrong("is not a whole number of bytes");
  const bytes = Number(scaled / divisor);
  if (!Number.isSafeInteger(bytes)) throw wrong("is too large", "give less than 8192T");
  return bytes;
}

/**
 * Parts and, at the front, their sum, all in one unit, so that what is shown adds up: "73.0 MiB", "8.7 MiB", "64.3 MiB".
 * The unit is the smallest part's, but not below MiB where the sum reaches that. The last part takes what rounding
 * leaves.
 */
export function formatSum(parts: readonly number[]): readonly string[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  const least = Math.min(...parts.filter((part) => part > 0));
  const power = Math.max(1, Math.min(powerOf(sum), Math.max(powerOf(least), MEBI)));
  const tenths = [sum, ...parts.slice(0, -1)].map((bytes) => Math.round((bytes * 10) / 1024 ** power));
  const [whole = 0, ...others] = tenths;
  const last = whole - others.reduce((total, part) => total + part, 0);
  return [...tenths, last].map((part) => inTenths(part, power));
}
