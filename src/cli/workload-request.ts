import type { ProfileSettings } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, listOption, stringOption } from "./arguments.ts";
import type { OptionName } from "./options/names.ts";
import { readVariablesFile } from "./variables-file.ts";

/** What of the workload the options say, as `docker run` has it; undefined where they say nothing. Throws E_USAGE. */
export function workloadRequest(line: CommandLine): ProfileSettings["workload"] {
  const fromFiles = listOption(line, "env-file").flatMap(readVariablesFile);
  const env = [...fromFiles, ...listOption(line, "env")];
  const workload = {
    entrypoint: wordsOption(line, "entrypoint"),
    cmd: wordsOption(line, "cmd"),
    env: env.length === 0 ? undefined : env,
    workdir: stringOption(line, "workdir"),
    user: stringOption(line, "user"),
    hostname: stringOption(line, "hostname"),
  };
  return Object.values(workload).some((value) => value !== undefined) ? workload : undefined;
}

/** Words, each given by itself, or all of them as a Dockerfile has them in brackets. */
function wordsOption(line: CommandLine, name: OptionName): readonly string[] | undefined {
  const words = listOption(line, name);
  const [first] = words;
  if (first === undefined) return undefined;
  return words.length === 1 && first.startsWith("[") ? jsonWords(first, name) : words;
}

function jsonWords(text: string, name: OptionName): readonly string[] {
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    // Said below: what the parser says of it is of no more help.
  }
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Docker2vmError("E_USAGE", `--${name} ${text} is no JSON array of strings`, {
    hint: `write it as in a Dockerfile, '["/bin/sh", "-c", "true"]', or --${name} once for each word`,
  });
}
