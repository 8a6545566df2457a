import type { CommandLine } from "./command-line.ts";
import type { Host } from "./host.ts";
import { COMMON_OPTIONS, CONVERT_OPTIONS, type OptionSpec } from "./options.ts";

/** Carries a command out; throws what `run` tells the user. */
export type RunCommand = (line: CommandLine, host: Host) => Promise<void>;

/** A command: what the help says of it, the options it takes, and its code, loaded when it is wanted. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  load(): Promise<RunCommand>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  convert: {
    summary: "Convert an image to rootfs.ext4 and meta.json",
    usage:
      "docker2vm convert SOURCE --out DIR [options]\n\nSOURCE is one of the options below, or " +
      "oci:PATH[:TAG], oci-archive:PATH, docker-archive:PATH,\nor - for an archive on standard input.",
    options: CONVERT_OPTIONS,
    load: async () => (await import("./convert-command.ts")).runConvert,
  },
};

/** The command called `name`, if there is one. */
export function commandNamed(name: string | undefined): Command | undefined {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** Every option of every command. An option that several commands have is of one type in all of them. */
export const ALL_OPTIONS: Readonly<Record<string, OptionSpec>> = Object.assign(
  {},
  ...Object.values(COMMANDS).map((command) => command.options),
  COMMON_OPTIONS,
);
