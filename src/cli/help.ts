import yargs from "yargs";
import type { Command } from "./command.ts";
import { COMMANDS, commandNamed } from "./commands.ts";
import { COMMON_OPTIONS, description, type OptionSpec, type Options } from "./options/option.ts";

/** The help for a command, or for the whole program. */
export async function helpText(name: string | undefined): Promise<string> {
  const program = yargs([])
    .scriptName("docker2vm")
    .usage("docker2vm <command>\n\nTurns an OCI container image into a root filesystem that a VM boots.")
    .detectLocale(false)
    .exitProcess(false)
    .fail(false)
    .help(false)
    .version(false)
    .wrap(100)
    .options(shown(COMMON_OPTIONS));
  for (const [command, { summary, usage, options, hidden }] of Object.entries(COMMANDS)) {
    // What is not in the list is nevertheless met when the help is for it.
    if (hidden && command !== name) continue;
    program.command(
      command,
      summary,
      (own) => own.usage(usage).options(shown(options)),
      () => undefined,
    );
  }
  // The help of a command is built when yargs meets the command.
  const command = commandNamed(name);
  await program.parseAsync(command === undefined ? [] : [name ?? ""]);
  return `${await program.getHelp()}\n${examples(command)}`;
}

function examples(command: Command | undefined): string {
  const { examples = [] } = command ?? {};
  if (examples.length === 0) return "";
  return `\nExamples:\n${examples.map(({ does, line }) => `  ${does}:\n    ${line}\n`).join("")}`;
}

/** As yargs shows them; without their types, which would say "[string]" at every line's end. */
function shown(options: Options) {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, row(option)]));
}

function row(option: OptionSpec) {
  const { group, alias, defaultDescription } = option;
  return {
    group,
    describe: description(option),
    ...(alias === undefined ? {} : { alias }),
    ...(defaultDescription === undefined ? {} : { defaultDescription }),
  };
}
