import { Docker2vmError } from "../errors.ts";
import type { FileCalls } from "./file-calls.ts";
import { outputError } from "./system-errors.ts";

const IN_THE_WAY = {
  replaceable: "use --force to replace it, or choose another place",
  file: "it is a file where a folder is to be: choose another place",
  folder: "it is a folder: choose another place",
  other: "it is no file: name one, for dd or qemu-img convert to copy to a device",
} as const;

/** Throws E_OUTPUT_EXISTS where something at an output's path may not be replaced, or is of another kind. */
export async function refuseInTheWay(
  path: string,
  wanted: "file" | "folder",
  force: boolean,
  calls: FileCalls,
): Promise<void> {
  const kind = await kindOf(path, calls);
  const isReplaceable = kind === wanted;
  if (kind === undefined || (isReplaceable && force)) return;
  throw new Docker2vmError("E_OUTPUT_EXISTS", `the output ${path} exists already`, {
    hint: IN_THE_WAY[isReplaceable ? "replaceable" : kind],
  });
}

/** What an output's path leads to. Throws E_IO where nobody can tell. */
export async function kindOf(path: string, calls: FileCalls): ReturnType<FileCalls["kind"]> {
  return calls.kind(path).catch((error: unknown) => {
    throw outputError(error, `cannot look at the output ${path}`);
  });
}
