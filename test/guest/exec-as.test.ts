/** ovms-init as what starts workloads for a launcher, run for real on both architectures. */
import { beforeAll, describe, expect } from "bun:test";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { type Oracle, type Outcome, run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { HERE } from "./fake-machine.ts";

/** The first two arguments. */
type Identity = readonly [uid: string, groups: string];

const APP: Identity = ["1000", "2000,29,70000"];
const ROOT: Identity = ["0", "0"];
const scratch = scratchFolder();
let outputs = 0;

interface Machine {
  readonly architecture: string;
  /** What runs its programs here. */
  readonly emulator: readonly string[];
  readonly oracles: readonly Oracle[];
}

const MACHINES: readonly Machine[] = [machine("amd64", "qemu-x86_64"), machine("arm64", "qemu-aarch64")];

function machine(architecture: string, qemu: Oracle): Machine {
  const needed = architecture === HERE ? [] : [qemu];
  return { architecture, emulator: needed, oracles: needed };
}

beforeAll(() => {
  for (const { architecture } of MACHINES) {
    mkdirSync(scratch(architecture));
    writeFileSync(program(architecture), ovmsInit(architecture), { mode: 0o755 });
  }
  // The folder is its maker's alone until now; the users become others.
  chmodSync(scratch(), 0o755);
});

function program(architecture: string): string {
  return scratch(architecture, "exec-as");
}

function commandFor({ architecture, emulator }: Machine, identity: Identity): readonly string[] {
  return [...emulator, program(architecture), ...identity];
}

/** Runs it with nothing but these variables. */
function start(
  machine: Machine,
  identity: Identity,
  args: readonly string[],
  { env = [] as readonly string[], before = [] as readonly string[] } = {},
): Outcome {
  const command = [...before, "env", "-i", ...env, ...commandFor(machine, identity), ...args];
  return run(command[0] ?? "", command.slice(1));
}

for (const machine of MACHINES) {
  const runs = (name: string, body: () => void, ...oracles: readonly Oracle[]) =>
    testWith(["chroot", ...machine.oracles, ...oracles], name, body);

  describe(`exec-as for ${machine.architecture}`, () => {
    const printEnv = ["", "/usr/bin/env", "env"];

    runs("drops variables, adds what is not there, and leaves the rest alone", () => {
      const env = ["A=1", "AB=2", "B=", "DROP=x", "DROPPED=y", "C=a=b", "PATH=/bin"];
      const args = ["DROP=", "NONE=", "", "A=new", "ABC=3", "B=new", "D==", "E=", "D=twice", "DROP=again"];
      const { stdout } = start(machine, ROOT, [...args, ...printEnv], { env });
      const wanted = [
        "A=1",
        "AB=2",
        "ABC=3",
        "B=",
        "C=a=b",
        "D==",
        "DROP=again",
        "DROPPED=y",
        "E=",
        "PATH=/bin",
      ];
      expect(stdout.split("\n").filter(Boolean).sort()).toEqual(wanted);
    });

    runs("takes environments of any size, none included", () => {
      expect(start(machine, ROOT, ["", ...printEnv])).toEqual({ status: 0, stdout: "", stderr: "" });
      const many = (prefix: string) =>
        Array.from({ length: 1500 }, (_, i) => `${prefix}${i}=${"v".repeat(i % 90)}`);
      const { stdout } = start(machine, ROOT, ["", ...many("ADDED"), ...printEnv], { env: many("HAD") });
      expect(stdout.split("\n").filter(Boolean).sort()).toEqual([...many("ADDED"), ...many("HAD")].sort());
    });

    runs("hands arguments on as they are, the first as the name", () => {
      const args = ["", "", "/bin/cat", "a name", "/proc/self/cmdline"];
      expect(start(machine, ROOT, args).stdout).toBe("a name\0/proc/self/cmdline\0");
    });

    runs("becomes the user: every id, all groups, no capabilities", () => {
      const { stdout } = start(machine, APP, ["", "", "/bin/cat", "cat", "/proc/self/status"]);
      const facts = [...stdout.matchAll(/^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb):\s*(.*?)\s*$/gm)];
      expect(Object.fromEntries(facts.map(([, name, value]) => [name, value]))).toEqual({
        Uid: "1000\t1000\t1000\t1000",
        Gid: "2000\t2000\t2000\t2000",
        Groups: "29 2000 70000",
        CapInh: "0".repeat(16),
        CapPrm: "0".repeat(16),
        CapEff: "0".repeat(16),
        CapAmb: "0".repeat(16),
      });
    });

    runs("takes the largest ids", () => {
      const largest = `${2 ** 31 - 1}`;
      const { stdout } = start(machine, [largest, largest], ["", "", "/usr/bin/id", "id"]);
      expect(stdout.trim()).toBe(`uid=${largest} gid=${largest} groups=${largest}`);
    });

    runs("gives the user stdin, stdout and stderr, but not /dev/null", () => {
      const exec = commandFor(machine, APP).join(" ");
      // A pipe that root made is root's: without it, opening it anew is refused.
      const opened = "echo out >/dev/stdout; echo err >/dev/stderr";
      const pipe = `: | ${exec} '' '' /bin/sh sh -c '${opened}' 2>&1 | cat`;
      expect(runOk("sh", ["-c", pipe])).toBe("out\nerr\n");
      const out = scratch(`out-${outputs++}`);
      // Not the machine's own, lest a mistake spoil that.
      const none = `${out}.null`;
      runOk("mknod", [none, "c", "1", "3"]);
      writeFileSync(`${out}.in`, "");
      runOk("sh", ["-c", `${exec} '' '' /bin/true true <${out}.in >${none} 2>${out}`]);
      expect(statSync(out).uid).toBe(1000);
      expect(statSync(`${out}.in`)).toMatchObject({ uid: 1000, gid: 0 });
      expect(statSync(none).uid).toBe(0);
      // Closed ones are no hindrance.
      expect(run("sh", ["-c", `${exec} '' '' /bin/true true <&- >&- 2>&-`]).status).toBe(0);
    });

    runs("ends as Docker does where the program is not there or cannot be run", () => {
      const plain = scratch("plain");
      writeFileSync(plain, "text", { mode: 0o644 });
      const missing = "docker2vm: the command 'x', or what it is to be run by, is not there\n";
      const refused = "docker2vm: the command 'x' cannot be executed: Permission denied\n";
      const ended = (path: string) => start(machine, APP, ["", "", path, "x"]);
      expect(ended("/not/there")).toEqual({ status: 127, stdout: "", stderr: missing });
      expect(ended("")).toEqual({ status: 127, stdout: "", stderr: missing });
      expect(ended(plain)).toEqual({ status: 126, stdout: "", stderr: refused });
      expect(ended("/usr")).toEqual({ status: 126, stdout: "", stderr: refused });
    });

    runs("ends with 125 before the program if it is called wrongly", () => {
      const echo = ["", "", "/bin/echo", "echo"];
      const table: [identity: readonly string[], args: readonly string[]][] = [
        ...[[], ["A="], ["A=", "", "B=1"], ["/bin/echo", "hello"], ["", "", "/bin/echo"]].map(
          (args): [Identity, string[]] => [APP, args],
        ),
        ...[
          ["", "0"],
          ["0", ""],
          ["x", "0"],
          ["0", "1,x"],
          ["0", "1,,2"],
          ["0", "4294967296"],
        ].map((identity): [string[], string[]] => [identity, echo]),
        [[], []],
        [["0"], []],
      ];
      for (const [[uid = "", groups = ""], args] of table) {
        const { status, stdout, stderr } = start(machine, [uid, groups], args);
        expect([uid, groups, args, status, stdout]).toEqual([uid, groups, args, 125, ""]);
        expect(stderr).toStartWith("docker2vm: exec-as: wrong arguments; exec-as UID GID[,GROUP...] [NAME=]");
      }
    });

    runs(
      "ends with 125 before the program if it may not become the user",
      () => {
        const echo = ["", "", "/bin/echo", "echo"];
        const without = (capability: string) =>
          start(machine, APP, echo, { before: ["setpriv", `--bounding-set=-${capability}`] });
        const ended = (id: string) => ({
          status: 125,
          stdout: "",
          stderr: `docker2vm: the user's ${id} cannot be set: Operation not permitted; this program must run as root\n`,
        });
        expect(without("setgid")).toEqual(ended("groups"));
        expect(without("setuid")).toEqual(ended("uid"));
      },
      "setpriv",
    );

    runs(
      "is no machine's first program, even as process 1",
      () => {
        const before = ["unshare", "--pid", "--fork"];
        const { stdout, status } = start(machine, APP, ["", "", "/bin/sh", "sh", "-c", "echo $$"], {
          before,
        });
        expect({ stdout, status }).toEqual({ stdout: "1\n", status: 0 });
      },
      "pid namespace",
    );
  });
}
