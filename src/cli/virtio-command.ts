/** `oci-to-virtio`: for scripts that know ec1's command of this name. It converts as `convert` does. */
import { virtioFilesystem } from "../convert/virtio-filesystem.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, choice, flag, numberOption, stringOption } from "./arguments.ts";
import { runConvert } from "./convert-command.ts";
import type { Host } from "./host.ts";
import type { OptionName } from "./options/names.ts";
import { REGISTRY_OPTIONS } from "./options/registry.ts";
import { VIRTIO_OPTIONS } from "./options/virtio.ts";

/** MiB. */
const USUAL_SIZE = 1024;
/** What `convert` has by another name or in another form. */
const OWN: readonly string[] = ["image", "readonly", "size"];

/** `oci-to-virtio` */
export async function runOciToVirtio(line: CommandLine, host: Host): Promise<void> {
  try {
    await runConvert(asConvert(line), host);
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code !== "E_SIZE_TOO_SMALL") throw error;
    throw new Docker2vmError(error.code, error.message, {
      hint: "give so many MiB or more with -size",
      cause: error,
    });
  }
}

/** The line as `convert` would be given it. Throws E_USAGE. */
function asConvert(given: CommandLine): CommandLine {
  refuseWords(given);
  const line = { ...given, values: withLast(given.values) };
  const image = demand(line, "image", "REF");
  demand(line, "output", "FILE");
  const readOnly = flag(line, "readonly");
  const size = numberOption(line, "size");
  const { type = "ext4" } = virtioFilesystem({
    filesystemType: choice(line, "fs", VIRTIO_OPTIONS.fs.values),
    size,
    readOnly,
  });
  const mebibytes = size ?? (type === "erofs" ? undefined : USUAL_SIZE);
  const values = new Map<string, unknown>([...line.values].filter(([name]) => !OWN.includes(name)));
  values.set("fs", type).set("read-only", readOnly).set("force", true);
  if (mebibytes !== undefined) values.set("size", `${mebibytes}M`);
  return { ...given, words: ["convert", image], values };
}

/** Of ec1's flags that are given twice the last counts, as in Go. */
function withLast(values: CommandLine["values"]): CommandLine["values"] {
  const last = ([name, value]: [string, unknown]): [string, unknown] => [
    name,
    Array.isArray(value) && !Object.hasOwn(REGISTRY_OPTIONS, name) ? value.at(-1) : value,
  ];
  return new Map([...values].map(last));
}

function demand(line: CommandLine, name: OptionName, value: string): string {
  const given = stringOption(line, name);
  if (given !== undefined) return given;
  throw new Docker2vmError("E_USAGE", `-${name} is missing`, { hint: `add -${name} ${value}` });
}

function refuseWords({ words: [command, word] }: CommandLine): void {
  if (word === undefined) return;
  throw new Docker2vmError("E_USAGE", `${command} does not take ${JSON.stringify(word)}`, {
    hint: "what is true or false takes its value with =, as -readonly=true; an image comes with -image",
  });
}
