import { Docker2vmError } from "../../errors.ts";
import type { CommandLine } from "../arguments.ts";
import type { RunCommand } from "../command.ts";
import type { Host } from "../host.ts";
import { BUNDLE_ACTIONS } from "../options/bundle.ts";

type Action = keyof typeof BUNDLE_ACTIONS;

const LOAD: Readonly<Record<Action, () => Promise<RunCommand>>> = {
  create: async () => (await import("./create.ts")).runBundleCreate,
  validate: async () => (await import("./validate.ts")).runBundleValidate,
};

/** `docker2vm bundle create|validate` */
export async function runBundle(line: CommandLine, host: Host): Promise<void> {
  const [, name] = line.words;
  if (name === undefined || !isAction(name)) {
    const what = name === undefined ? "no action given" : `bundle does not take ${JSON.stringify(name)}`;
    throw new Docker2vmError("E_USAGE", what, {
      hint: "docker2vm bundle create SOURCE --out DIR, or docker2vm bundle validate DIR",
    });
  }
  const foreign = [...line.values.keys()].find(
    (option) => !Object.hasOwn(BUNDLE_ACTIONS[name].options, option),
  );
  if (foreign !== undefined) {
    throw new Docker2vmError("E_USAGE", `bundle ${name} has no option --${foreign}`, {
      hint: "'docker2vm bundle --help' shows the options of both",
    });
  }
  const runAction = await LOAD[name]();
  await runAction(line, host);
}

function isAction(name: string): name is Action {
  return Object.hasOwn(BUNDLE_ACTIONS, name);
}
