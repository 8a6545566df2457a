/** The environment of an image's config. */
import { quote } from "../oci/quote.ts";
import { asBytes } from "./shell-words.ts";

/** Docker's search path, for images that set none: DefaultPathEnv in daemon/pkg/oci. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Values by name; bytes, one character each. */
export type ImageVariables = ReadonlyMap<string, string>;

/** Of several values of one name the last counts. `warn` hears of what no environment can hold. */
export function imageVariables(env: readonly string[], warn: (message: string) => void): ImageVariables {
  const variables = new Map<string, string>();
  for (const text of env) {
    const entry = asBytes(text);
    const end = entry.indexOf("=");
    if (end <= 0 || entry.includes("\0")) {
      warn(`the image's Env has an entry that is no NAME=VALUE, left out: ${quote(text)}`);
      continue;
    }
    variables.set(entry.slice(0, end), entry.slice(end + 1));
  }
  return variables;
}
