/**
 * How several files take their names as one. No system call does that for more than one file; these do:
 *
 * - A hidden folder `.docker2vm-OWNER` holds `turn/OWNER/`: in `staged` the new files (or folders), in `names` what they
 *   are called and which others leave, and `old`, empty. All of it is on the disk before anything else.
 * - Renaming `turn` to `.docker2vm-commit` is taking the turn: that fails while somebody else's has something in it.
 * - Renaming `staged` to `new` is the decision. Before it, nothing has changed; from there on, the new files come.
 * - The old files go to `old`, all of them; then the new ones come, the last name last. So old and new never lie side by
 *   side, and where the last one is, all are.
 * - If that fails, renaming `new` to `undo` is the decision to go back: the new files go there, the old ones return, and
 *   then `undo` is `staged` again.
 * - The folder OWNER leaves `.docker2vm-commit`, which ends the turn. What is in it then is rubbish.
 *
 * So the folder's name says at any time what is to be done, and who comes next does that for a process that was killed,
 * or has kept its turn for too long. Nobody has to be sure that it is dead: taking the turn over is renaming OWNER, and
 * every call of the other's names that folder, so it fails from then on.
 */
import { join } from "node:path";
import { Docker2vmError, isAbsence, reasonOf, systemErrorCode } from "../errors.ts";
import { ownerOf, scratchName } from "../scratch/names.ts";
import type { FileCalls } from "./file-calls.ts";

/** What hidden names begin with: of folders that are at work or left over, each with a scratch name behind it. */
export const HIDDEN = ".docker2vm-";

const STAGED = "staged";
const NEW = "new";
const UNDO = "undo";
const OLD = "old";
const NAMES = "names";

const NOTHING: Names = { names: [], leaving: [], folders: [] };

/** Milliseconds between looks, and looks before somebody else's turn is taken over: it should last milliseconds. */
const LOOK_AGAIN = 50;
const PATIENCE = 600;
/** How often going back is tried: there is nothing better to do. */
const ATTEMPTS = 10;

/** What `names` holds, as JSON. */
export interface Names {
  readonly names: readonly string[];
  /** Of old files for which no new ones come. */
  readonly leaving: readonly string[];
  /** Of all these, those that are folders with what is in them. */
  readonly folders: readonly string[];
}

/** Where the parts of a commit lie in a hidden folder, until its turn comes. */
export function turnFolders(hidden: string, owner: string) {
  const turn = join(hidden, "turn");
  const mine = join(turn, owner);
  return { turn, names: join(mine, NAMES), staged: join(mine, STAGED), old: join(mine, OLD) };
}

export interface PreparedCommit {
  /** The hidden folder, with everything at its place (`turnFolders`). */
  readonly hidden: string;
  readonly owner: string;
  readonly names: readonly string[];
  /** Folders that have got a new entry beside the files: synced before the files take their names. */
  readonly entered: readonly string[];
  /** Asked when nobody else can change anything: throws where the files must not take their names. */
  readonly permit: () => Promise<void>;
}

/** The commits into one folder, anybody's. */
export class Commits {
  readonly #folder: string;
  readonly #current: string;
  readonly #calls: FileCalls;

  constructor(folder: string, calls: FileCalls) {
    this.#folder = folder;
    this.#current = join(folder, `${HIDDEN}commit`);
    this.#calls = calls;
  }

  /** Waits for who is at it, and brings to its end what somebody left. */
  async settle(): Promise<void> {
    for (let looks = 0, last = ""; ; looks++) {
      const [holder] = await this.#calls.list(this.#current);
      if (holder === undefined) break;
      if (holder !== last) looks = 0;
      last = holder;
      if (ownerOf(holder) === "dead" || looks >= PATIENCE) await this.#takeOver(holder);
      else await this.#calls.wait(LOOK_AGAIN);
    }
    await this.#calls.removeEmpty(this.#current).catch(() => undefined);
  }

  /** All the files take their names, or none does and what was there is there again. Rejects only with the latter. */
  async commit({ hidden, owner, names, entered, permit }: PreparedCommit): Promise<void> {
    const { turn, names: record, staged } = turnFolders(hidden, owner);
    await this.#syncAll([...names.map((name) => join(staged, name)), record, staged]);
    await this.#takeTurn(turn);
    const mine = join(this.#current, owner);
    let decided = false;
    try {
      await permit();
      await this.#calls.rename(join(mine, STAGED), join(mine, NEW));
      decided = true;
      await this.#syncAll([mine, this.#current, this.#folder, ...entered]);
      await this.#goForward(mine);
      await this.#endTurn(mine);
    } catch (error) {
      const failure = await this.#goBack(mine, decided, error);
      if (failure !== undefined) throw failure;
    }
  }

  /** At once: the filesystem then writes its own journal once for all of them. Rejects when the last has ended. */
  async #syncAll(paths: readonly string[]): Promise<void> {
    const ends = await Promise.allSettled(paths.map((path) => this.#calls.sync(path)));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #takeTurn(turn: string): Promise<void> {
    for (;;) {
      await this.settle();
      try {
        await this.#calls.rename(turn, this.#current);
        return;
      } catch (error) {
        if (!["ENOTEMPTY", "EEXIST"].includes(systemErrorCode(error) ?? "")) throw error;
      }
    }
  }

  async #takeOver(holder: string): Promise<void> {
    const mine = join(this.#current, scratchName());
    try {
      await this.#calls.rename(join(this.#current, holder), mine);
    } catch (error) {
      if (isAbsence(error)) return; // It has come to its end, or somebody else has taken it over.
      throw error;
    }
    await this.#finish(mine);
  }

  async #finish(mine: string): Promise<void> {
    const parts = await this.#calls.list(mine);
    if (parts.includes(UNDO)) await this.#restore(mine);
    else if (parts.includes(NEW)) await this.#goForward(mine);
    await this.#endTurn(mine);
  }

  async #goForward(mine: string): Promise<void> {
    const { rename, sync, list, kind } = this.#calls;
    const still = await list(join(mine, NEW));
    const { names, leaving, folders } = still.length === 0 ? NOTHING : await this.#names(mine);
    const coming = names.filter((name) => still.includes(name));
    const going: string[] = [];
    for (const name of [...coming.toReversed(), ...leaving]) {
      if ((await kind(this.#target(name))) === kindIn(folders, name)) going.push(name);
    }
    for (const name of going) await rename(this.#target(name), join(mine, OLD, name));
    if (going.length > 0) await sync(join(mine, OLD));
    for (const name of coming) await rename(join(mine, NEW, name), this.#target(name));
    await sync(this.#folder);
  }

  /**
   * Ends the own turn without a trace, and returns the error to be thrown for the one that was the reason; undefined
   * where somebody else has taken the turn over meanwhile, and gone forward.
   */
  async #goBack(mine: string, decided: boolean, reason: unknown): Promise<unknown> {
    let goesForward = decided;
    for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
      try {
        const parts = await this.#calls.list(mine);
        if (parts.length === 0) return goesForward ? await this.settle() : reason;
        if (parts.includes(NEW)) await this.#calls.rename(join(mine, NEW), join(mine, UNDO));
        goesForward = false;
        await this.#finish(mine);
        return reason;
      } catch {
        await this.#calls.wait(LOOK_AGAIN);
      }
    }
    if (!decided) return reason;
    return new Docker2vmError(
      "E_IO",
      `the files in ${this.#folder} could not be replaced: ${reasonOf(reason)}`,
      {
        hint: `what is missing there is in ${this.#current}: the next conversion into this folder puts it in place`,
        cause: reason,
      },
    );
  }

  async #restore(mine: string): Promise<void> {
    const { rename, sync, list, kind } = this.#calls;
    await sync(mine);
    const { names, leaving, folders } = await this.#names(mine);
    const gone = await list(join(mine, UNDO));
    for (const name of names.toReversed()) {
      if (gone.includes(name) || (await kind(this.#target(name))) !== kindIn(folders, name)) continue;
      await rename(this.#target(name), join(mine, UNDO, name));
    }
    // A file that has returned must not be taken for one that has yet to go, even if the power fails.
    await sync(join(mine, UNDO));
    const old = await list(join(mine, OLD));
    for (const name of [...leaving, ...names].filter((each) => old.includes(each))) {
      await rename(join(mine, OLD, name), this.#target(name));
    }
    await sync(this.#folder);
    await rename(join(mine, UNDO), join(mine, STAGED));
    await sync(mine);
  }

  /** Once the turn is over nothing can fail: all that is left to do is to tidy up. */
  async #endTurn(mine: string): Promise<void> {
    const rubbish = join(this.#folder, `${HIDDEN}${scratchName()}`);
    await this.#calls.rename(mine, rubbish);
    await this.#calls.removeEmpty(this.#current).catch(() => undefined);
    await this.#calls.remove(rubbish).catch(() => undefined);
  }

  /** What the files of a turn are called, in order. Names that lead elsewhere are nobody's. */
  async #names(mine: string): Promise<Names> {
    // Earlier versions made no folders, and named none.
    const {
      names,
      leaving,
      folders = [],
    }: Partial<Record<keyof Names, unknown>> = JSON.parse(await this.#calls.read(join(mine, NAMES))) ?? {};
    if (arePlain(names) && arePlain(leaving) && arePlain(folders)) return { names, leaving, folders };
    throw new Docker2vmError("E_IO", `${join(mine, NAMES)} is not what a conversion wrote`, {
      hint: `remove ${this.#current}, or choose another place for the output`,
    });
  }

  #target(name: string): string {
    return join(this.#folder, name);
  }
}

/** What an output of the name is. */
export function kindIn(folders: readonly string[], name: string): "file" | "folder" {
  return folders.includes(name) ? "folder" : "file";
}

const PLAIN = /^(?!\.{1,2}$)[^/]+$/;

function arePlain(names: unknown): names is readonly string[] {
  return Array.isArray(names) && names.every((name) => typeof name === "string" && PLAIN.test(name));
}
