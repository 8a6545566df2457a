import type { LayerStoreSettings, RegistrySettings, ResultSettings } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, sizeOption, stringOption } from "./arguments.ts";
import { RESULT_OPTIONS } from "./options/results.ts";

/** Which earlier results are used, and whether this one is kept. Throws E_USAGE naming the option at fault. */
export function resultSettings(line: CommandLine, { cacheFolder }: RegistrySettings): ResultSettings {
  const copies = flag(line, "result-cache");
  const none = ["no-result-cache", "no-cache"].find((name) => flag(line, name));
  if (copies && none !== undefined) {
    throw new Docker2vmError("E_USAGE", `--result-cache and --${none} contradict each other`, {
      hint: "give one of them",
    });
  }
  return {
    cacheFolder: none === undefined ? cacheFolder : undefined,
    copies,
    from: stringOption(line, "from-cache"),
    pushTo: stringOption(line, "push-cache"),
  };
}

function noPlaceForLayers(line: CommandLine): Docker2vmError {
  if (flag(line, "no-cache")) {
    return new Docker2vmError("E_USAGE", "--layer-store and --no-cache contradict each other", {
      hint: "give one of them",
    });
  }
  return new Docker2vmError("E_USAGE", "--layer-store: this user has no home folder for a cache", {
    hint: "name the cache's folder with --cache-dir, or set XDG_CACHE_HOME",
  });
}

/** Stored bytes of a layer that takes a tenth of a second to inflate. */
const WORTH_KEEPING = 8 << 20;

/** Whether layers are kept as they are unpacked. Throws E_USAGE for what is no size, or has no cache to be in. */
export function layerStoreSettings(
  line: CommandLine,
  { cacheFolder }: RegistrySettings,
): LayerStoreSettings | undefined {
  const limit = sizeOption(line, "layer-store", RESULT_OPTIONS["layer-store"].words);
  if (limit === "off") return undefined;
  if (cacheFolder === undefined) {
    if (limit !== undefined) throw noPlaceForLayers(line);
    return undefined;
  }
  // What nobody has asked for need not be told, and must not cost what it cannot spare.
  const unasked = limit === undefined;
  return { folder: cacheFolder, limit, least: unasked ? WORTH_KEEPING : 0, quiet: unasked };
}
