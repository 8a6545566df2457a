/** The commands that a guest needs: the image's own where it has them, else the base's. */
import { Docker2vmError } from "../../errors.ts";
import type { Directory } from "../../tree/inode.ts";
import { findPlace } from "../../tree/resolve.ts";
import { type Additions, isExecutable, type Need } from "../additions.ts";
import { type BaseFilesystem, findCommand, isCommand } from "./base-filesystem.ts";
import { type Command, LEASE_SCRIPTS } from "./contract.ts";
import { Programs } from "./programs.ts";

/** Throws E_UNSUPPORTED for what is required and neither the image nor the base has. */
export async function addCommands(
  image: Directory,
  base: BaseFilesystem,
  additions: Additions,
  commands: readonly Command[],
): Promise<void> {
  const programs = new Programs(additions, base);
  const missing: Command[] = [];
  for (const command of commands) {
    const need: Need = command.required ? "required" : "optional";
    const own = ownCommand(image, command);
    if (own !== undefined) {
      if (own !== command.path && command.path !== undefined) {
        await additions.put(command.path, { type: "symlink", target: own }, need);
      }
      continue;
    }
    const path = base.findCommand(command.name);
    const source = path === undefined ? undefined : base.findFile(path);
    if (path !== undefined && source !== undefined) await programs.add(source, command.path ?? path, need);
    else if (command.required) missing.push(command);
  }
  if (missing.length > 0) throw lacking(missing);
}

/** The script by which udhcpc sets up the network, unless the image has one. */
export async function addLeaseScript(
  image: Directory,
  base: BaseFilesystem,
  additions: Additions,
): Promise<void> {
  if (LEASE_SCRIPTS.some((path) => isCommand(findPlace(image, path)?.inode))) return;
  for (const path of LEASE_SCRIPTS) {
    const found = base.findFile(path);
    if (found === undefined || !isExecutable(found.file)) continue;
    const source = base.source(found.file);
    await additions.put(path, { type: "file", executable: true, source }, "optional");
    return;
  }
}

/** Where the image has the command: at the path where it must be, or else where shells look. */
function ownCommand(image: Directory, { name, path }: Command): string | undefined {
  if (path !== undefined && isCommand(findPlace(image, path)?.inode)) return path;
  return findCommand(image, name);
}

function lacking(missing: readonly Command[]): Docker2vmError {
  const names = missing.map(({ name, usedBy }) => `${name} (for ${usedBy})`);
  return new Docker2vmError(
    "E_UNSUPPORTED",
    `neither the image nor the Gondolin guest assets have ${names.join(", ")}`,
    { hint: "name guest assets that have them: --guest-assets DIR" },
  );
}
