/** Containers of a builder that was killed in the middle of a step, and so could not remove them itself. */
import { readdir, readFile } from "node:fs/promises";
import type { Environment } from "../convert/options.ts";
import type { Command, ContainerCommands } from "./builder.ts";
import { Tools } from "./probe.ts";

/** The IDs of all the user's containers; undefined where they cannot be told. */
export async function listContainers(
  { list }: ContainerCommands,
  environment: Environment,
): Promise<readonly string[] | undefined> {
  const { status, stdout } = await new Tools(environment, undefined).ask(list);
  if (status !== 0) return undefined;
  return stdout.split("\n").filter((id) => /^[0-9a-f]{12,}$/.test(id));
}

/**
 * Removes the containers that were not there `before`, unless another build runs: some may be that one's, and
 * nothing in them says whose they are. Returns what has to be told of that.
 */
export async function removeLeftContainers(
  commands: ContainerCommands,
  before: readonly string[] | undefined,
  environment: Environment,
  anotherBuildRuns = otherBuildRuns,
): Promise<readonly string[]> {
  const now = await listContainers(commands, environment);
  if (before === undefined || now === undefined) return ["containers may have been left behind"];
  const left = now.filter((id) => !before.includes(id));
  if (left.length === 0) return [];
  const remove: Command = [...commands.remove, ...left];
  if (await anotherBuildRuns()) {
    return [`another build runs, so these containers may be its own and were left: ${left.join(" ")}`];
  }
  const { status, complaint } = await new Tools(environment, undefined).ask(remove);
  return status === 0 ? [] : [`containers were left behind: ${complaint}`];
}

/** As /proc tells. */
async function otherBuildRuns(): Promise<boolean> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    processes.map((id) => readFile(`/proc/${id}/cmdline`, "latin1").catch(() => "")),
  );
  return lines.some((line) => {
    const [program = "", ...args] = line.split("\0");
    return /buildah/.test(program) || (/podman/.test(program) && args.includes("build"));
  });
}
