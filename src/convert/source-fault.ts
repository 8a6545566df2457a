import { statSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { StagedOutput } from "../output/staged-output.ts";
import type { ImageRequest } from "./image-request.ts";
import { temporaryScratch, withImage } from "./with-image.ts";

/**
 * The output's folder as StagedOutput.create prepares it; but where an output is in the way, what is wrong with a source
 * on this machine is told instead: with --force it would come to light only then.
 */
export async function stagedFor(
  request: ImageRequest | undefined,
  ...output: Parameters<typeof StagedOutput.create>
): Promise<StagedOutput> {
  try {
    return await StagedOutput.create(...output);
  } catch (error) {
    const isInTheWay = error instanceof Docker2vmError && error.code === "E_OUTPUT_EXISTS";
    if (!isInTheWay || request === undefined) throw error;
    throw (await faultOf(request)) ?? error;
  }
}

/** Undefined also where more would have to be done than to look: an archive to be kept, a pipe to be emptied. */
async function faultOf(request: ImageRequest): Promise<unknown> {
  const { source } = request;
  if (!("path" in source) || source.path === undefined || isPipe(source.path)) return undefined;
  let isKept = false;
  const report: ImageRequest["report"] = (event) => {
    if (event.type !== "spooling") return;
    isKept = true;
    throw new Error("an archive is not kept only to be looked at");
  };
  try {
    const opening = { ...temporaryScratch(), verifyKey: undefined };
    await withImage({ ...request, report }, opening, async () => undefined);
    return undefined;
  } catch (error) {
    return isKept ? undefined : error;
  }
}

function isPipe(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
