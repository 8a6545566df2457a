/** Where containers/storage keeps images: containers-storage.conf(5), and the defaults of its types/options.go. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError, isAbsence } from "../../errors.ts";
import type { Environment } from "../../http/proxy.ts";
import { homeFolder } from "../../machine.ts";
import { whyUnreadable } from "../../system-errors.ts";
import type { ContainersStorageSource } from "../source.ts";
import { readTomlStrings } from "../toml-strings.ts";

/** Of all users, and the distribution's. */
const SETTINGS = ["/etc/containers/storage.conf", "/usr/share/containers/storage.conf"];
const USUAL_ROOT = "/var/lib/containers/storage";

export interface StoragePlaces {
  /** The graph root, then those that are only read beside it. */
  readonly roots: readonly string[];
  /** Undefined: whichever is there. */
  readonly driver: string | undefined;
}

interface Settings {
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Whether they say where this user's storage is, and not only root's. */
  readonly areOwn: boolean;
}

/** Where the image may lie. Throws E_USAGE for settings that cannot be read, and for a user without a home. */
export function storagePlaces(
  { root, driver }: Pick<ContainersStorageSource, "root" | "driver">,
  environment: Environment,
  isRoot: boolean = process.getuid?.() === 0,
): StoragePlaces {
  if (root !== undefined) return { roots: [root], driver };
  const settings = readSettings(environment, isRoot);
  const additional = settings.values.get("storage.options.additionalimagestores") ?? [];
  return {
    roots: [graphRoot(settings, environment, isRoot), ...additional],
    driver: environment["STORAGE_DRIVER"] || settings.values.get("storage.driver")?.[0] || undefined,
  };
}

function graphRoot({ values, areOwn }: Settings, environment: Environment, isRoot: boolean): string {
  const own = areOwn ? values.get("storage.graphroot")?.[0] : undefined;
  if (own) return own;
  if (isRoot) return USUAL_ROOT;
  const shared = values.get("storage.rootless_storage_path")?.[0];
  const home = homeFolder(environment);
  if (shared) return expand(shared, { ...environment, HOME: home });
  const data = environment["XDG_DATA_HOME"] || (home && join(home, ".local/share"));
  if (data) return join(data, "containers/storage");
  throw new Docker2vmError("E_USAGE", "this user has no home, where storage of containers would be", {
    hint: "name it: containers-storage:[/GRAPHROOT]NAME",
  });
}

function readSettings(environment: Environment, isRoot: boolean): Settings {
  const path = ownSettings(environment, isRoot);
  const own = path === undefined ? undefined : readIfThere(path);
  if (own !== undefined) return { values: readTomlStrings(own), areOwn: true };
  const shared = SETTINGS.map(readIfThere).find((text) => text !== undefined);
  return { values: readTomlStrings(shared ?? ""), areOwn: isRoot };
}

/** Root has none but what CONTAINERS_STORAGE_CONF names. */
function ownSettings(environment: Environment, isRoot: boolean): string | undefined {
  const named = environment["CONTAINERS_STORAGE_CONF"];
  if (named || isRoot) return named || undefined;
  const home = homeFolder(environment);
  const folder = environment["XDG_CONFIG_HOME"] || (home && join(home, ".config"));
  return folder ? join(folder, "containers/storage.conf") : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    throw new Docker2vmError("E_USAGE", `${path}: ${whyUnreadable(cause)}`, {
      hint: "CONTAINERS_STORAGE_CONF names another file, containers-storage:[/GRAPHROOT]NAME the storage itself",
      cause,
    });
  }
}

/** `$HOME` and its like within a path. */
function expand(path: string, environment: Environment): string {
  const values: Environment = { ...environment, UID: String(process.getuid?.() ?? "") };
  return path.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced?: string, bare?: string) => values[braced ?? bare ?? ""] ?? "",
  );
}
