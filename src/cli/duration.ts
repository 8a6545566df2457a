import { Docker2vmError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Milliseconds of "30d", "12h", "2w". Throws E_USAGE, which calls the text no `what`: "an age". */
export function parseDuration(text: string, option: string, what: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (unit !== "") return Number(count) * (UNITS[unit] ?? 0) * 1000;
  throw new Docker2vmError("E_USAGE", `${option} ${JSON.stringify(text)} is not ${what}`, {
    hint: "give a number with s, m, h, d or w, such as 30d",
  });
}
