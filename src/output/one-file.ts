import { randomUUID } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/**
 * Writes a file that is there whole or not at all, in a folder that is there. Throws E_OUTPUT_EXISTS where there is one
 * already and `force` is not set, E_NO_SPACE and E_IO.
 */
export async function writeOneFile(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const target = absolutePath(path);
  const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link takes no name that is taken, where a renamed file would.
    await (force ? rename : link)(beside, target);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST")
      throw writeError(error, `cannot write ${path}`, meaningOf(error).writing);
    throw new Docker2vmError("E_OUTPUT_EXISTS", `the output ${path} exists already`, {
      hint: "use --force to replace it, or name another file",
      cause: error,
    });
  } finally {
    await rm(beside, { force: true });
  }
}
