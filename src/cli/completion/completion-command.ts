import { Docker2vmError } from "../../errors.ts";
import type { CommandLine } from "../arguments.ts";
import type { Commands } from "../command.ts";
import type { Host } from "../host.ts";
import type { COMPLETION_ACTIONS } from "../options/completion.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { type Grammar, grammarOf } from "./grammar.ts";
import { zshScript } from "./zsh.ts";

type Shell = keyof typeof COMPLETION_ACTIONS;

const SCRIPTS: Readonly<Record<Shell, (grammar: Grammar) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `docker2vm completion bash|zsh|fish` */
export async function runCompletion(commands: Commands, line: CommandLine, host: Host): Promise<void> {
  const [, shell = "", ...rest] = line.words;
  const script = new Map(Object.entries(SCRIPTS)).get(shell);
  if (script === undefined || rest.length > 0) {
    const word = script === undefined ? shell : rest[0];
    throw new Docker2vmError(
      "E_USAGE",
      word === "" ? "no shell given" : `completion does not take ${JSON.stringify(word)}`,
      { hint: `docker2vm completion ${Object.keys(SCRIPTS).join(", docker2vm completion ")}` },
    );
  }
  await host.stdout.write(script(grammarOf(commands)));
}
