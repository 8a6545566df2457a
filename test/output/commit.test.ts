import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { type FileCalls, SYSTEM } from "../../src/output/file-calls.ts";
import { StagedOutput } from "../../src/output/staged-output.ts";
import { Deferred } from "../../src/waiting/deferred.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "commit-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The system's calls, before each of which something may happen; nobody waits, for the disk or for somebody. */
function callsWith(before: (name: string, path: string) => void | Promise<void>): FileCalls {
  const hooked =
    <Rest extends readonly unknown[], Result>(
      name: keyof FileCalls,
      call: (path: string, ...rest: Rest) => Promise<Result>,
    ) =>
    async (path: string, ...rest: Rest): Promise<Result> => {
      await before(name, path);
      return call(path, ...rest);
    };
  return {
    rename: hooked("rename", SYSTEM.rename),
    sync: hooked("sync", async (path) => void (await stat(path))),
    list: hooked("list", SYSTEM.list),
    read: hooked("read", SYSTEM.read),
    kind: hooked("kind", SYSTEM.kind),
    removeEmpty: hooked("removeEmpty", SYSTEM.removeEmpty),
    remove: hooked("remove", SYSTEM.remove),
    wait: async () => undefined,
  };
}

const IMPATIENT = callsWith(() => undefined);

interface Case {
  readonly names: readonly string[];
  readonly force: boolean;
  /** What of it is there before, and of `leaving`. */
  readonly old: readonly string[];
  /** What goes without anything in its place. */
  readonly leaving?: readonly string[];
  /** What of all that is a folder. */
  readonly folders?: readonly string[];
}

const THREE = ["a", "b", "c"];
const CASES: readonly Case[] = [
  { names: ["a"], force: false, old: [] },
  { names: ["a"], force: true, old: ["a"] },
  { names: THREE, force: false, old: [] },
  { names: THREE, force: true, old: [] },
  { names: THREE, force: true, old: ["b"] },
  { names: THREE, force: true, old: THREE },
  { names: THREE, force: true, old: ["c", "z"], leaving: ["y", "z"] },
  { names: ["a", "b"], force: false, old: [], folders: ["a"] },
  { names: ["a", "b"], force: true, old: ["a", "b"], folders: ["a"] },
  { names: ["b"], force: true, old: ["a", "b"], leaving: ["a"], folders: ["a"] },
];

function titleOf({ names, force, old, folders = [] }: Case): string {
  const ofThem = folders.length === 0 ? "of them" : "of them, folders too";
  return `${names.length} ${ofThem}, ${force ? "with" : "without"} force, over ${old.length}`;
}

function shown(): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.startsWith("."));
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(insideOf(join(folder, name)), "utf8")]),
  );
}

/** A folder's one file, or the file itself. */
function insideOf(path: string): string {
  return statSync(path).isDirectory() ? join(path, "inside") : path;
}

function put(path: string, text: string, isFolder: boolean): void {
  if (isFolder) mkdirSync(path);
  writeFileSync(isFolder ? join(path, "inside") : path, text);
}

function hidden(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("."));
}

function set(names: readonly string[], text: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, text]));
}

/** A conversion that is about to commit, into the emptied folder. */
async function prepared(
  { names, force, old, leaving, folders = [] }: Case,
  calls: FileCalls,
): Promise<StagedOutput> {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  for (const name of old) put(join(folder, name), "old", folders.includes(name));
  const output = await StagedOutput.create(folder, names, force, { calls, leaving, folders });
  for (const name of names) put(output.path(name), "new", folders.includes(name));
  return output;
}

/** A conversion of another, from its beginning to its end. */
async function replaceAll(
  { names, leaving, folders = [] }: Pick<Case, "names" | "leaving" | "folders">,
  calls: FileCalls,
): Promise<void> {
  const output = await StagedOutput.create(folder, names, true, { calls, leaving, folders });
  for (const name of names) put(output.path(name), "other", folders.includes(name));
  await output.commit();
}

/** Gives what this process has made a number that no process has: so it looks when one was killed. */
function bury(): void {
  const current = join(folder, ".docker2vm-commit");
  for (const place of existsSync(current) ? [current, folder] : [folder]) {
    for (const name of readdirSync(place)) {
      renameSync(join(place, name), join(place, name.replace(`-${process.pid}-`, "-9999999-")));
    }
  }
}

/** Counts calls once it is armed. */
class Trap {
  armed = false;
  left: number;

  constructor(calls: number) {
    this.left = calls;
  }

  /** Whether it is at the call in question, or past it. */
  springs(): "now" | "before" | undefined {
    if (!this.armed) return undefined;
    this.left--;
    if (this.left > 0) return undefined;
    return this.left === 0 ? "now" : "before";
  }
}

/** Attempts it with a trap at the first call, the second, ... until all is done before it springs. */
async function atEveryCall(attempt: (trap: Trap) => Promise<void>): Promise<void> {
  for (let number = 1; ; number++) {
    const trap = new Trap(number);
    await attempt(trap);
    if (trap.left > 0) return;
  }
}

/** "done", or the code of the error that the commit ends with. */
async function commitOf(output: StagedOutput, trap: Trap): Promise<string> {
  trap.armed = true;
  return output.commit().then(
    () => "done",
    (error: { code?: string }) => error.code ?? "no code",
  );
}

const broken = (): Error => Object.assign(new Error("EIO: i/o error"), { code: "EIO" });

describe("files that take their names as one", () => {
  for (const each of CASES) {
    test(`are all there or none when a process dies between any two calls: ${titleOf(each)}`, async () => {
      const results = new Set<string>();
      await atEveryCall(async (trap) => {
        const dying = callsWith(() => {
          if (trap.springs() !== undefined) throw broken();
        });
        const ended = await commitOf(await prepared(each, dying), trap);
        const left = shown();
        expect(new Set(Object.values(left)).size, "old and new side by side").toBeLessThan(2);
        if (left[each.names.at(-1) ?? ""] === "new") expect(left).toEqual(set(each.names, "new"));
        if (ended === "done") expect(left).toEqual(set(each.names, "new"));
        bury();
        await (await StagedOutput.create(folder, ["other"], true, { calls: IMPATIENT })).discard();
        const whole = shown();
        expect([set(each.old, "old"), set(each.names, "new")]).toContainEqual(whole);
        expect(hidden()).toEqual([]);
        results.add(JSON.stringify(whole));
      });
      expect(results.size).toBe(2);
    });

    test(`are the old ones at once when any call fails: ${titleOf(each)}`, async () => {
      let failures = 0;
      await atEveryCall(async (trap) => {
        const failing = callsWith(() => {
          if (trap.springs() === "now") throw broken();
        });
        const output = await prepared(each, failing);
        const failed = (await commitOf(output, trap)) !== "done";
        expect(shown()).toEqual(failed ? set(each.old, "old") : set(each.names, "new"));
        if (!failed) return;
        failures++;
        await output.discard();
        expect(hidden()).toEqual([]);
      });
      expect(failures).toBeGreaterThan(10);
    });

    test(`are one whole result when another overtakes who pauses at any call: ${titleOf(each)}`, async () => {
      const overtaken = new Set<string>();
      await atEveryCall(async (trap) => {
        const pausing = callsWith(async () => {
          if (trap.springs() !== "now") return;
          await replaceAll(each, IMPATIENT);
        });
        const output = await prepared(each, pausing);
        const ended = await commitOf(output, trap);
        const whole = shown();
        expect([set(each.names, "new"), set(each.names, "other")]).toContainEqual(whole);
        if (ended !== "done") expect(whole).toEqual(set(each.names, "other"));
        await output.discard();
        expect(hidden()).toEqual([]);
        overtaken.add(`${ended} ${whole[each.names[0] ?? ""]}`);
      });
      expect([...overtaken]).toContain("done other");
    });
  }

  test("are one whole result when one pauses at any rename, and who overtakes it at any of its own", async () => {
    const each = { names: THREE, force: true, old: THREE };
    await atEveryCall(async (mine) => {
      const left = mine.left;
      await atEveryCall(async (theirs) => {
        Object.assign(mine, { armed: false, left });
        const arrived = new Deferred<void>();
        const ended = new Deferred<void>();
        let other = Promise.resolve();
        const overtaking = callsWith(async (name) => {
          if (name !== "rename" || theirs.springs() !== "now") return;
          arrived.resolve();
          await ended.promise;
        });
        const pausing = callsWith(async (name) => {
          if (name !== "rename" || mine.springs() !== "now") return;
          theirs.armed = true;
          other = replaceAll({ names: THREE }, overtaking).catch(() => undefined);
          await Promise.race([arrived.promise, other]);
        });
        const output = await prepared(each, pausing);
        await commitOf(output, mine);
        ended.resolve();
        await other;
        await output.discard();
        expect([set(THREE, "new"), set(THREE, "other")]).toContainEqual(shown());
      });
    });
  });

  test("are put in order by the next one when nothing works any more, not even going back", async () => {
    const results = new Set<string>();
    const each = { names: THREE, force: true, old: THREE };
    await atEveryCall(async (trap) => {
      const failing = callsWith(() => {
        if (trap.springs() !== undefined) throw broken();
      });
      const output = await prepared(each, failing);
      await commitOf(output, trap);
      await output.discard();
      // This process goes on: the next one cannot know that it has given up.
      await (await StagedOutput.create(folder, ["other"], true, { calls: IMPATIENT })).discard();
      const whole = shown();
      expect([set(THREE, "old"), set(THREE, "new")]).toContainEqual(whole);
      results.add(JSON.stringify(whole));
    });
    expect(results.size).toBe(2);
  });

  test("are on the disk before that begins, and the names before it is over", async () => {
    const log: string[] = [];
    const out = join(folder, "x/y");
    const calls = callsWith((name, path) => {
      if (name === "sync" || name === "rename") log.push(`${name} ${nameIn(path)}`);
    });
    const nameIn = (path: string) => relative(folder, path).replace(/[0-9a-f]{8}-[-0-9a-f]+/g, "OWNER");
    const output = await StagedOutput.create(out, ["a", "b"], false, { calls });
    for (const name of ["a", "b"]) await output.write(name, "new");
    log.length = 0;
    await output.commit();
    const turn = "x/y/.docker2vm-OWNER/turn/OWNER";
    const current = "x/y/.docker2vm-commit";
    expect(log).toEqual([
      ...["staged/a", "staged/b", "names", "staged"].map((path) => `sync ${turn}/${path}`),
      `rename ${dirname(turn)}`,
      `rename ${current}/OWNER/staged`,
      ...[`${current}/OWNER`, current, "x/y", "x", ""].map((path) => `sync ${path}`),
      ...["a", "b"].map((name) => `rename ${current}/OWNER/new/${name}`),
      "sync x/y",
      `rename ${current}/OWNER`,
    ]);
  });
});

describe("two into one folder", () => {
  test("are refused without force: who begins later, else who ends later", async () => {
    const first = await StagedOutput.create(folder, THREE, false);
    await expect(StagedOutput.create(folder, THREE, false)).rejects.toMatchObject({
      code: "E_OUTPUT_EXISTS",
      message: `another conversion is making the output ${folder}`,
    });
    const forced = await StagedOutput.create(folder, THREE, true);
    for (const name of THREE) {
      await first.write(name, "first");
      await forced.write(name, "forced");
    }
    await forced.commit();
    await expect(first.commit()).rejects.toMatchObject({
      code: "E_OUTPUT_EXISTS",
      message: `the output ${join(folder, "a")} exists already`,
    });
    await first.discard();
    expect(shown()).toEqual(set(THREE, "forced"));
    expect(hidden()).toEqual([]);
  });

  test("take turns", async () => {
    const outputs = await Promise.all(
      ["1", "2", "3"].map(async (text) => {
        const output = await StagedOutput.create(folder, THREE, true);
        for (const name of THREE) await output.write(name, text);
        return output;
      }),
    );
    await Promise.all(outputs.map((output) => output.commit()));
    expect(["1", "2", "3"].map((text) => set(THREE, text))).toContainEqual(shown());
    expect(hidden()).toEqual([]);
  });
});

describe("a turn that is nobody's", () => {
  test("does not move files to or from elsewhere", async () => {
    const strange = join(folder, ".docker2vm-commit", `0badcafe-1-2-${"0".repeat(16)}`);
    mkdirSync(join(strange, "new"), { recursive: true });
    writeFileSync(join(strange, "new/x"), "");
    writeFileSync(join(strange, "names"), JSON.stringify({ names: ["../../x"], leaving: [] }));
    await expect(StagedOutput.create(folder, THREE, true, { calls: IMPATIENT })).rejects.toMatchObject({
      code: "E_IO",
      message: expect.stringContaining("is not what a conversion wrote"),
    });
  });

  test("is ended whatever it holds", async () => {
    mkdirSync(join(folder, ".docker2vm-commit"));
    writeFileSync(join(folder, ".docker2vm-commit/.DS_Store"), "");
    const output = await StagedOutput.create(folder, THREE, false, { calls: IMPATIENT });
    expect(hidden()).toEqual([basename(output.scratch)]);
  });
});
