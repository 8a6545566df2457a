import type { RegistrySettings, ResultSettings } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";

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
