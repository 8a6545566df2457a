import manifest from "../../../package.json" with { type: "json" };
import type { Edition } from "./pages.ts";

/** The pages of this version, on a date. */
export function editionOf(date: Date): Edition {
  return {
    version: manifest.version,
    date: date.toISOString().slice(0, "YYYY-MM-DD".length),
    summary: manifest.description.replace(/\.$/, ""),
  };
}
