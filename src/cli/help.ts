import yargs from "yargs";
import { COMMANDS, commandNamed } from "./commands.ts";
import { COMMON_OPTIONS, type OptionSpec } from "./options/option.ts";

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
  await program.parseAsync(commandNamed(name) === undefined ? [] : [name ?? ""]);
  return `${await program.getHelp()}\n`;
}

/** As yargs shows them; without their types, which would say "[string]" at every line's end. */
function shown(options: Readonly<Record<string, OptionSpec>>) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type: _type, standardInput: _input, values = [], ...option }]) => [
      name,
      values.length < 2 ? option : { ...option, describe: `${option.describe}: ${values.join(", ")}` },
    ]),
  );
}
