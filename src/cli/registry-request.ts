import { defaultCacheFolder } from "../cache/layout.ts";
import type { RegistrySettings } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, listOption, numberOption, stringOption } from "./arguments.ts";
import type { Environment, Host } from "./host.ts";
import { readSecret } from "./secret.ts";

/** How images are pulled by name, as the options say. Reads the password if it is to come from standard input. */
export async function registryRequest(
  line: CommandLine,
  host: Host,
  source: string,
): Promise<RegistrySettings> {
  const { env } = host;
  return {
    environment: env,
    ...cache(line, env),
    offline: flag(line, "offline"),
    concurrency: positive(numberOption(line, "concurrency")),
    insecureHosts: listOption(line, "insecure-registry"),
    mirrors: listOption(line, "mirror"),
    trustedRealms: listOption(line, "trust-auth-realm"),
    caFile: stringOption(line, "ca"),
    verifyKeyFile: stringOption(line, "verify-key"),
    credentials: await credentials(line, host, source),
  };
}

const NO_CACHE =
  "this user has no home folder for a cache: the pull goes on without (--cache-dir or XDG_CACHE_HOME names a place)";

/** Who wants a cache and has no place for it hears of that, if anything is pulled. */
function cache(line: CommandLine, env: Environment) {
  if (flag(line, "no-cache")) return {};
  const cacheFolder = stringOption(line, "cache-dir") ?? defaultCacheFolder(env);
  if (cacheFolder !== undefined) return { cacheFolder };
  return { cacheAbsence: NO_CACHE };
}

function positive(concurrency: number | undefined): number | undefined {
  if (concurrency !== 0) return concurrency;
  throw new Docker2vmError("E_USAGE", "--concurrency 0 would fetch nothing", { hint: "give 1 or more" });
}

/** A password never comes from the command line, where everybody on the machine could read it. */
async function credentials(line: CommandLine, host: Host, source: string) {
  const username = stringOption(line, "username");
  const fromStdin = flag(line, "password-stdin");
  if (username === undefined && !fromStdin) return undefined;
  if (username === undefined || !fromStdin) {
    throw new Docker2vmError("E_USAGE", "--username and --password-stdin go together", {
      hint: "give both, and the password on standard input: --username NAME --password-stdin < FILE",
    });
  }
  if (source === "-" || source.endsWith(":-")) {
    throw new Docker2vmError("E_USAGE", "standard input is the image: it cannot be the password as well", {
      hint: "leave --username and --password-stdin out: they are for images that are pulled by their name",
    });
  }
  return { username, password: await readSecret(host) };
}
