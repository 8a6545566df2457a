import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { outputError } from "./system-errors.ts";

const PREFIX = ".docker2vm-";

/**
 * All or nothing: files are made in a hidden folder inside the output folder, so on the same filesystem, and take
 * their names at the end, each by one rename. What a killed run left behind, the next one to the same folder
 * removes.
 */
export class StagedOutput {
  readonly folder: string;
  /** The hidden folder: also the place for anything temporary that should share the output's disk. */
  readonly scratch: string;
  readonly #names: readonly string[];
  readonly #firstMade: string | undefined;

  private constructor(
    folder: string,
    scratch: string,
    names: readonly string[],
    firstMade: string | undefined,
  ) {
    this.folder = folder;
    this.scratch = scratch;
    this.#names = names;
    this.#firstMade = firstMade;
  }

  /** Prepares `folder` for the files `names`; E_OUTPUT_EXISTS where one is there already and `force` is not set. */
  static async create(out: string, names: readonly string[], force: boolean): Promise<StagedOutput> {
    const folder = resolve(out);
    await refuseExisting(folder, names, force);
    try {
      const firstMade = await mkdir(folder, { recursive: true });
      await removeAbandoned(folder);
      const scratch = join(folder, `${PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`);
      await mkdir(scratch);
      return new StagedOutput(folder, scratch, names, firstMade);
    } catch (error) {
      throw outputError(error, `cannot prepare the output folder ${folder}`);
    }
  }

  /** Where the file that will be called `name` is to be written. */
  path(name: string): string {
    return join(this.scratch, name);
  }

  /** Where the file `name` will be once all is done. */
  target(name: string): string {
    return join(this.folder, name);
  }

  /** Writes the whole of a small file and has it on disk. */
  async write(name: string, text: string): Promise<void> {
    try {
      await writeFile(this.path(name), text, { flush: true });
    } catch (error) {
      throw outputError(error, `cannot write ${this.path(name)}`);
    }
  }

  /** Gives every file its name. */
  async commit(): Promise<void> {
    try {
      for (const name of this.#names) await rename(this.path(name), this.target(name));
      await rm(this.scratch, { recursive: true, force: true });
    } catch (error) {
      throw outputError(error, `cannot move the finished files into ${this.folder}`);
    }
  }

  /** Removes everything that was made, down to the folders; never fails, for it runs when something else has. */
  async discard(): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true }).catch(() => undefined);
    if (this.#firstMade === undefined) return;
    for (let made = this.folder; made.length >= this.#firstMade.length; made = dirname(made)) {
      await rmdir(made).catch(() => undefined);
    }
  }
}

async function refuseExisting(folder: string, names: readonly string[], force: boolean): Promise<void> {
  const folderIs = await kindOf(folder);
  if (folderIs === "file") {
    throw new Docker2vmError("E_OUTPUT_EXISTS", `the output ${folder} is not a folder`, {
      hint: "name a folder with --out: rootfs.ext4 and meta.json are put into it",
    });
  }
  for (const name of names) {
    const kind = await kindOf(join(folder, name));
    if (kind === undefined || (kind === "file" && force)) continue;
    throw new Docker2vmError("E_OUTPUT_EXISTS", `the output ${join(folder, name)} exists already`, {
      hint:
        kind === "file" ? "use --force to replace it, or another --out" : "it is a folder: use another --out",
    });
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw outputError(error, `cannot look at the output ${path}`);
  }
}

/** The process's number is in the folder's name: one that no longer runs will not finish what it began. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = new RegExp(`^\\${PREFIX}(\\d+)-[0-9a-f]{8}$`).exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
