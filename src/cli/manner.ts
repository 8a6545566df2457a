import { Docker2vmError } from "../errors.ts";
import { type CommandLine, choice, flag } from "./arguments.ts";
import type { Output } from "./host.ts";
import { CONVERT_OPTIONS } from "./options/convert.ts";
import { printable } from "./printable.ts";

/** Says what is worth knowing beside the result, to who wants to be talked to in sentences. */
export function noteTo(stderr: Output, { format, progress, quiet }: Manner): (text: string) => void {
  const silent = quiet || format === "json" || progress === "json" || progress === "none";
  return (text) => silent || stderr.write(`${printable(text)}\n`);
}

/** How the user wants to be talked to. */
export interface Manner {
  readonly format: "text" | "json";
  readonly progress: "auto" | "plain" | "json" | "none";
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Throws E_USAGE naming the option at fault. */
export function mannerOf(line: CommandLine): Manner {
  const manner: Manner = {
    format: choice(line, "format", CONVERT_OPTIONS.format.values) ?? "text",
    progress: choice(line, "progress", CONVERT_OPTIONS.progress.values) ?? "auto",
    quiet: flag(line, "quiet"),
    verbose: flag(line, "verbose"),
  };
  if (manner.quiet && manner.verbose) {
    throw new Docker2vmError("E_USAGE", "--quiet and --verbose contradict each other", {
      hint: "give one of them",
    });
  }
  return manner;
}
