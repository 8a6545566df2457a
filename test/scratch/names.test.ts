import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ownerOf, removeAbandoned, scratchName } from "../../src/scratch/names.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const MODULE = join(import.meta.dir, "../../src/scratch/names.ts");
const BUN = process.execPath;
/** A program that says a name of its own, and stays until it is killed. */
const SAY_NAME = `console.log((await import("${MODULE}")).scratchName()); setInterval(() => {}, 1e9);`;
const CONTAINER = ["-pf", "--kill-child", "--mount-proc", BUN, "-e"];
/** A user who is not root. */
const NOBODY = 65_534;
const DAY = 24 * 3600 * 1000;

/** What a process in a new container says of a name's owner. */
function askedInContainer(name: string): string {
  const script = `console.log((await import("${MODULE}")).ownerOf("${name}"))`;
  return runOk("unshare", [...CONTAINER, script]).trim();
}

/** Has another process say its name, and returns it when that has been used and the process been killed. */
async function withOther(
  program: string,
  args: readonly string[],
  use: (name: string) => void | Promise<void>,
): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [said] = await once(child.stdout.setEncoding("utf8"), "data");
  const name = String(said).trim();
  try {
    await use(name);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
  return name;
}

describe("a name says whose it is", () => {
  test("of this process, of another, of one that was killed", async () => {
    expect(ownerOf(scratchName())).toBe("living");
    const name = await withOther(BUN, ["-e", SAY_NAME], (other) => expect(ownerOf(other)).toBe("living"));
    expect(ownerOf(name)).toBe("dead");
    expect(ownerOf("rootfs.ext4")).toBeUndefined();
  });

  testWith(["pid namespace"], "of one whose number another process has by now", () => {
    const [neighbourhood, pid, start, chance] = scratchName().split("-");
    expect(Number(start)).toBeGreaterThan(0);
    expect(ownerOf([neighbourhood, pid, Number(start) - 1, chance].join("-"))).toBe("dead");
  });

  testWith(["pid namespace", "bash"], "of one that was killed and that nobody has asked after", async () => {
    // The shell becomes a program that never asks what its children ended with.
    const script = `"$0" -e '${SAY_NAME}' & exec sleep infinity`;
    await withOther("bash", ["-c", script, BUN], async (name) => {
      const pid = Number(name.split("-")[1]);
      process.kill(pid, "SIGKILL");
      while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")) await setTimeout(5);
      expect(ownerOf(name)).toBe("dead");
    });
  });

  testWith(["pid namespace"], "not of one in a container, seen from outside or from another", async () => {
    await withOther("unshare", [...CONTAINER, SAY_NAME], (name) => {
      expect(name).toMatch(/^[0-9a-f]{8}-1-/);
      expect(ownerOf(name)).toBe("unknown");
      expect(askedInContainer(name)).toBe("unknown");
    });
    expect(askedInContainer(scratchName())).toBe("unknown");
  });

  testWith(["pid namespace"], "where /proc shows the processes around it", () => {
    const script = `const { ownerOf, scratchName } = await import("${MODULE}"); console.log(ownerOf(scratchName()), scratchName());`;
    const said = runOk("unshare", ["-pf", "--kill-child", BUN, "-e", script]);
    expect(said).toMatch(/^living [0-9a-f]{8}-1-0-/);
  });
});

describe("what was left", () => {
  test("goes when its process is dead, or is unknown and has changed nothing for a day", () =>
    withTemporaryFolder(async (folder) => {
      const mine = `.x-${scratchName()}`;
      const dead = mine.replace(`-${process.pid}-`, "-9999999-");
      const [young = "", old = "", busy = ""] = ["0", "1", "2"].map(
        (digit) => `.x-0badcafe-1-2-${digit.repeat(16)}`,
      );
      const other = ".x-other";
      const ago = new Date(Date.now() - 2 * DAY);
      for (const name of [mine, dead, young, old, busy, other]) {
        mkdirSync(join(folder, name, "deeper"), { recursive: true });
        writeFileSync(join(folder, name, "deeper/file"), "");
        for (const part of name === young ? [] : ["deeper/file", "deeper", ""]) {
          utimesSync(join(folder, name, part), ago, ago);
        }
      }
      utimesSync(join(folder, busy, "deeper/file"), new Date(), new Date());
      await removeAbandoned(folder, ".x-", Date.now());
      expect(readdirSync(folder).sort()).toEqual([mine, young, busy, other].sort());
    }));

  testWith(
    ["chroot"],
    "stays where others may leave something, if it is theirs, and no link is followed",
    () =>
      withTemporaryFolder((folder) => {
        const [shared, home] = [join(folder, "shared"), join(folder, "home")];
        for (const each of [shared, home]) mkdirSync(each);
        writeFileSync(join(home, "file"), "");
        for (const each of [home, join(home, "file")]) chownSync(each, NOBODY, NOBODY);
        chmodSync(folder, 0o755);
        chmodSync(shared, 0o1777);
        const [theirs, mine] = ["1", "2"].map((digit) =>
          scratchName().replace(/-\d+-\d+-.*/, `-9999999-1-${digit.repeat(16)}`),
        );
        symlinkSync(home, join(shared, `.x-${theirs}`));
        lchownSync(join(shared, `.x-${theirs}`), NOBODY - 1, NOBODY - 1);
        symlinkSync(home, join(shared, `.x-${mine}`));
        lchownSync(join(shared, `.x-${mine}`), NOBODY, NOBODY);
        const script = `const { removeAbandoned } = await import("${MODULE}");
        process.setegid(${NOBODY}); process.seteuid(${NOBODY});
        await removeAbandoned("${shared}", ".x-", Date.now());`;
        runOk(BUN, ["-e", script]);
        expect(readdirSync(shared)).toEqual([`.x-${theirs}`]);
        expect(readdirSync(home)).toEqual(["file"]);
      }),
  );
});
