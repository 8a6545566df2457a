import { constants } from "node:fs";
import { chmod, copyFile, open, rm } from "node:fs/promises";
import { isAbsence } from "../errors.ts";

/**
 * Makes a new file of what is in another one, sharing its blocks (ioctl_ficlonerange(2)): it takes no time and no room
 * until either is written to. False where that cannot be had, and then there is no new file. Throws the system's error
 * where there is no such file, or something is at the new one's place.
 *
 * @param mode of the new file, less what the process leaves out of every file's
 */
export async function cloneFile(from: string, to: string, mode: number): Promise<boolean> {
  const made = await open(to, "wx", mode);
  const kept = await made.stat();
  await made.close();
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    // A copy has the mode of what it was made of.
    await chmod(to, kept.mode & 0o7777);
    return true;
  } catch (error) {
    await rm(to, { force: true });
    if (isAbsence(error)) throw error;
    return false;
  }
}
