import yargs from "yargs";
import { COMMON_OPTIONS, CONVERT_OPTIONS, type OptionSpec } from "./options.ts";

/** The help for a command, or for the whole program. */
export async function helpText(command: string | undefined): Promise<string> {
  const program = yargs([])
    .scriptName("docker2vm")
    .usage("docker2vm <command>\n\nTurns an OCI container image into a root filesystem that a VM boots.")
    .detectLocale(false)
    .exitProcess(false)
    .fail(false)
    .help(false)
    .version(false)
    .wrap(100)
    .options(shown(COMMON_OPTIONS))
    .command(
      "convert",
      "Convert an image to rootfs.ext4 and meta.json",
      (convert) =>
        convert
          .usage(
            "docker2vm convert SOURCE --out DIR [options]\n\nSOURCE is one of the options below, or " +
              "oci:PATH[:TAG], oci-archive:PATH, docker-archive:PATH,\nor - for an archive on standard input.",
          )
          .options(shown(CONVERT_OPTIONS)),
      () => undefined,
    );
  // The help of a command is built when yargs meets the command.
  await program.parseAsync(command === "convert" ? ["convert"] : []);
  return `${await program.getHelp()}\n`;
}

/** As yargs shows them; without their types, which would say "[string]" at every line's end. */
function shown(options: Readonly<Record<string, OptionSpec>>) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type: _type, values = [], ...option }]) => [
      name,
      values.length < 2 ? option : { ...option, describe: `${option.describe}: ${values.join(", ")}` },
    ]),
  );
}
