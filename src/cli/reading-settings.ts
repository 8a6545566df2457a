import type { ImageOptions } from "../convert/options.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { registryRequest } from "./registry-request.ts";
import { limitsOf } from "./request.ts";

/**
 * How images are read by commands that make none: what they warn of goes to standard error.
 * @param source the one that may be standard input
 */
export async function readingSettings(
  line: CommandLine,
  host: Host,
  source: string,
): Promise<Omit<ImageOptions, "source">> {
  return {
    platform: stringOption(line, "platform"),
    anyPlatform: flag(line, "any-platform"),
    limits: limitsOf(line),
    registry: await registryRequest(line, host, source),
    signal: host.signal,
    onProgress: (event) => {
      if (event.type === "warning") host.stderr.write(`warning: ${printable(event.message)}\n`);
    },
  };
}
