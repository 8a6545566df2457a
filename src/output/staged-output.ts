import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { ownerOf, removeAbandoned, scratchName } from "../scratch/names.ts";
import { Commits, HIDDEN, kindIn, type Names, turnFolders } from "./commit.ts";
import { type FileCalls, SYSTEM } from "./file-calls.ts";
import { kindOf, refuseInTheWay } from "./in-the-way.ts";
import { outputError } from "./system-errors.ts";

/**
 * All or nothing: files are made in a hidden folder inside the output folder, so on the same filesystem, and take
 * their names at the end, as one (`commit.ts` says how). What a killed run left behind, the next one to the same folder
 * removes, or brings to its end where names had begun to change.
 */
export class StagedOutput {
  readonly folder: string;
  /** The hidden folder: also the place for anything temporary that should share the output's disk. */
  readonly scratch: string;
  readonly #plan: Plan;
  /** Of the folders on the way to the files, the first that was not there; at the latest the hidden one. */
  readonly #firstMade: string;

  private constructor(plan: Plan, firstMade: string) {
    this.folder = plan.folder;
    this.scratch = hiddenFolder(plan);
    this.#plan = plan;
    this.#firstMade = firstMade;
  }

  /**
   * Prepares `folder` for the files `names`; the last to come is the last of them. E_OUTPUT_EXISTS where one is there
   * already, or somebody else is at it, and `force` is not set. With it, `leaving` go as the old files of these names do.
   * Those that are in `folders` are folders with all that is in them, and take the place of folders.
   */
  static async create(
    out: string,
    names: readonly string[],
    force: boolean,
    {
      leaving = [],
      folders = [],
      calls = SYSTEM,
    }: {
      readonly leaving?: readonly string[] | undefined;
      readonly folders?: readonly string[] | undefined;
      readonly calls?: FileCalls;
    } = {},
  ): Promise<StagedOutput> {
    const plan: Plan = { folder: absolutePath(out), owner: scratchName(), names, folders, force, calls };
    const { folder, owner } = plan;
    await refuseFile(plan);
    try {
      await new Commits(folder, calls).settle();
    } catch (error) {
      throw outputError(error, `cannot finish what another conversion has begun in ${folder}`);
    }
    await removeAbandoned(folder, HIDDEN, Date.now());
    await refuseExisting(plan);
    await refuseOthers(plan);
    try {
      const parts = turnFolders(hiddenFolder(plan), owner);
      const firstMade = await makeFolders(parts.staged);
      await mkdir(parts.old);
      const record: Names = { names, leaving: force ? leaving : [], folders };
      await writeFile(parts.names, JSON.stringify(record));
      return new StagedOutput(plan, firstMade ?? parts.staged);
    } catch (error) {
      throw outputError(error, `cannot prepare the output folder ${folder}`);
    }
  }

  /** Where the file that will be called `name` is to be written. */
  path(name: string): string {
    return join(turnFolders(this.scratch, this.#plan.owner).staged, name);
  }

  /** Where the file `name` will be once all is done. */
  target(name: string): string {
    return join(this.folder, name);
  }

  /** Writes the whole of a small file. */
  async write(name: string, text: string, executable = false): Promise<void> {
    try {
      await writeFile(this.path(name), text, { mode: executable ? 0o777 : 0o666 });
    } catch (error) {
      throw outputError(error, `cannot write ${this.path(name)}`);
    }
  }

  /**
   * Has every file on the disk and gives all of them their names, or none. E_OUTPUT_EXISTS where somebody else was
   * faster and `force` was not set.
   */
  async commit(): Promise<void> {
    const { folder, owner, names, calls } = this.#plan;
    try {
      await new Commits(folder, calls).commit({
        hidden: this.scratch,
        owner,
        names,
        entered: this.#foldersMade().map((made) => dirname(made)),
        permit: () => refuseExisting(this.#plan),
      });
    } catch (error) {
      throw outputError(error, `cannot move the finished files into ${folder}`);
    }
    await calls.remove(this.scratch).catch(() => undefined);
  }

  /** Removes everything that was made, down to the folders; never fails, for it runs when something else has. */
  async discard(): Promise<void> {
    await this.#plan.calls.remove(this.scratch).catch(() => undefined);
    for (const made of this.#foldersMade()) await rmdir(made).catch(() => undefined);
  }

  /** The output folder and those around it that were not there before, from the innermost on. */
  #foldersMade(): readonly string[] {
    const folders: string[] = [];
    for (let made = this.folder; made.length >= this.#firstMade.length; made = dirname(made)) {
      folders.push(made);
    }
    return folders;
  }
}

interface Plan {
  readonly folder: string;
  readonly owner: string;
  readonly names: readonly string[];
  readonly folders: readonly string[];
  readonly force: boolean;
  readonly calls: FileCalls;
}

function hiddenFolder({ folder, owner }: Plan): string {
  return join(folder, `${HIDDEN}${owner}`);
}

async function refuseFile({ folder, calls }: Plan): Promise<void> {
  const kind = await kindOf(folder, calls);
  if (kind === "folder") return;
  if (kind === undefined) return refuseFileOnTheWay(folder, calls);
  throw new Docker2vmError("E_OUTPUT_EXISTS", `the output ${folder} is not a folder`, {
    hint: "choose another place: the files are put into a folder, which is made where it is not there",
  });
}

/** What is there of the way to a folder has to be one itself. */
async function refuseFileOnTheWay(folder: string, calls: FileCalls): Promise<void> {
  let at = dirname(folder);
  let kind = await kindOf(at, calls);
  while (kind === undefined && at !== dirname(at)) {
    at = dirname(at);
    kind = await kindOf(at, calls);
  }
  if (kind === undefined || kind === "folder") return;
  throw new Docker2vmError("E_IO", `cannot prepare the output folder ${folder}: ${at} is not a folder`, {
    hint: "something on the way there is a file, or a link to nothing: choose another place for the output",
  });
}

async function refuseExisting({ folder, names, folders, force, calls }: Plan): Promise<void> {
  for (const name of names) await refuseInTheWay(join(folder, name), kindIn(folders, name), force, calls);
}

/** Early where that can be known: of two that both get past this, the second to finish is refused then. */
async function refuseOthers({ folder, names, force, calls }: Plan): Promise<void> {
  if (force) return;
  const found = await calls.list(folder).catch((error: unknown) => {
    throw outputError(error, `cannot look at the output ${folder}`);
  });
  for (const hidden of found.filter((name) => name.startsWith(HIDDEN))) {
    const owner = hidden.slice(HIDDEN.length);
    if (ownerOf(owner) !== "living") continue;
    const theirs = await namesOf(join(folder, hidden), owner, calls);
    if (!names.some((name) => theirs.includes(name))) continue;
    throw new Docker2vmError("E_OUTPUT_EXISTS", `another conversion is making the output ${folder}`, {
      hint: "wait for its end, or choose another place; with --force, both go on and whichever ends last is kept",
    });
  }
}

/** What somebody who is at work will call its files; none where that is not written yet, or not any more. */
async function namesOf(hidden: string, owner: string, calls: FileCalls): Promise<readonly string[]> {
  try {
    const { names = [] }: Partial<Names> = JSON.parse(await calls.read(turnFolders(hidden, owner).names));
    return names;
  } catch {
    return [];
  }
}
