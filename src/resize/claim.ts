import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { ownerOf, removeAbandoned, scratchName } from "../scratch/names.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/**
 * Has the image called `name` in `folder` to itself, as far as other calls of this go, until the result is called.
 * Throws E_OUTPUT_EXISTS if another one has it; of two at the same moment both may be told so. Throws E_IO and E_NO_SPACE
 * where no file can be made beside the image.
 */
export async function claim(folder: string, name: string): Promise<() => Promise<void>> {
  const prefix = `.${name}.resize-`;
  await removeAbandoned(folder, prefix, Date.now());
  const mine = `${prefix}${scratchName()}`;
  const path = join(folder, mine);
  const release = () => rm(path, { force: true });
  try {
    await writeFile(path, "", { flag: "wx" });
    const others = (await readdir(folder)).filter(
      (other) =>
        other !== mine && other.startsWith(prefix) && ownerOf(other.slice(prefix.length)) !== undefined,
    );
    if (others.length === 0) return release;
  } catch (error) {
    await release();
    throw writeError(error, `cannot write beside ${join(folder, name)}`, meaningOf(error).writing);
  }
  await release();
  throw new Docker2vmError("E_OUTPUT_EXISTS", `${join(folder, name)}: another process is resizing it`, {
    hint: "wait until that one has ended",
  });
}
