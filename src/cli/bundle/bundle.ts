import { Docker2vmError } from "../../errors.ts";
import type { CommandLine } from "../arguments.ts";
import type { Host } from "../host.ts";
import { BUNDLE_CREATE_OPTIONS, BUNDLE_VALIDATE_OPTIONS } from "../options/bundle.ts";
import type { OptionSpec } from "../options/option.ts";

interface Action {
  readonly options: Readonly<Record<string, OptionSpec>>;
  load(): Promise<(line: CommandLine, host: Host) => Promise<void>>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  create: {
    options: BUNDLE_CREATE_OPTIONS,
    load: async () => (await import("./create.ts")).runBundleCreate,
  },
  validate: {
    options: BUNDLE_VALIDATE_OPTIONS,
    load: async () => (await import("./validate.ts")).runBundleValidate,
  },
};

/** `docker2vm bundle create|validate` */
export async function runBundle(line: CommandLine, host: Host): Promise<void> {
  const [, name] = line.words;
  const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    const what = name === undefined ? "no action given" : `bundle does not take ${JSON.stringify(name)}`;
    throw new Docker2vmError("E_USAGE", what, {
      hint: "docker2vm bundle create SOURCE --out DIR, or docker2vm bundle validate DIR",
    });
  }
  const foreign = [...line.values.keys()].find((option) => !Object.hasOwn(action.options, option));
  if (foreign !== undefined) {
    throw new Docker2vmError("E_USAGE", `bundle ${name} has no option --${foreign}`, {
      hint: "'docker2vm bundle --help' shows the options of both",
    });
  }
  const runAction = await action.load();
  await runAction(line, host);
}
