import { basename } from "node:path";
import { Docker2vmError } from "../errors.ts";
import type { Command } from "./builder.ts";

/** How a program ended: one of the two. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** E_BUILD_FAILED for a command that failed, with its last lines; undefined for one that did not. */
export function buildFailure(
  command: Command,
  exit: Exit,
  output: readonly string[],
): Docker2vmError | undefined {
  if (exit.code === 0) return undefined;
  const how = exit.signal === null ? `failed with exit code ${exit.code}` : `was killed by ${exit.signal}`;
  const hint =
    exit.signal === "SIGKILL"
      ? "was there too little memory? the system kills what takes too much"
      : "mend what its last lines tell; --dry-run shows the command";
  return new Docker2vmError("E_BUILD_FAILED", `${commandName(command)} ${how}`, { hint, output });
}

/** E_BUILD_FAILED for a command that ended well without an image. */
export function noImage(command: Command, output: readonly string[]): Docker2vmError {
  return new Docker2vmError("E_BUILD_FAILED", `${commandName(command)} ended well, but wrote no image`, {
    hint: "--dry-run shows the command",
    output,
  });
}

/** "docker buildx build" */
export function commandName([program, ...args]: Command): string {
  const options = args.findIndex((arg) => arg.startsWith("-"));
  return [basename(program), ...args.slice(0, options < 0 ? args.length : options)].join(" ");
}
