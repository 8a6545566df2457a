import { asBytes } from "./shell-words.ts";

/** Docker's, for images that set none: DefaultPathEnv in daemon/pkg/oci. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Names and values are bytes, one character each. */
export interface ImageEnvironment {
  /** The search path for commands, the default if the image sets none. */
  readonly path: string;
  /** All other variables, in the image's order. */
  readonly variables: ReadonlyMap<string, string>;
}

/**
 * An image's `Env` as Docker hands it to a workload whose home directory is `home`: the last of several values
 * counts, HOME is set where the image leaves it out or empty. `warn` hears of what no environment can hold.
 */
export function imageEnvironment(
  env: readonly string[],
  home: string,
  warn: (message: string) => void,
): ImageEnvironment {
  const variables = new Map<string, string>();
  for (const entry of env.map(asBytes)) {
    const end = entry.indexOf("=");
    if (end <= 0 || entry.includes("\0")) {
      warn(`the image's Env has an entry that is no NAME=VALUE, left out: ${JSON.stringify(entry)}`);
      continue;
    }
    variables.set(entry.slice(0, end), entry.slice(end + 1));
  }
  if (!variables.get("HOME")) variables.set("HOME", home);
  const path = variables.get("PATH") ?? DEFAULT_PATH;
  variables.delete("PATH");
  return { path, variables };
}
