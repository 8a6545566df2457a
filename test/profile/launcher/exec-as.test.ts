/** The program that starts workloads, run for real on both architectures. */
import { describe, expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { execAs } from "../../../src/profile/launcher/exec-as.ts";
import type { Identity } from "../../../src/profile/launcher/user.ts";
import { expectError } from "../../support/expect-error.ts";
import { type Oracle, type Outcome, run, runOk, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { HERE } from "./images.ts";

const APP: Identity = { uid: 1000, gid: 2000, groups: [2000, 29, 70000], home: "/" };
const ROOT: Identity = { uid: 0, gid: 0, groups: [0], home: "/" };
const scratch = scratchFolder();
let programs = 0;

interface Machine {
  readonly architecture: string;
  /** What runs its programs here. */
  readonly emulator: readonly string[];
  readonly oracles: readonly Oracle[];
  readonly readelf: string;
}

const MACHINES: readonly Machine[] = [
  machine("amd64", "qemu-x86_64", "Advanced Micro Devices X86-64"),
  machine("arm64", "qemu-aarch64", "AArch64"),
];

function machine(architecture: string, qemu: Oracle, readelf: string): Machine {
  const needed = architecture === HERE ? [] : [qemu];
  return { architecture, emulator: needed, oracles: needed, readelf };
}

function program({ architecture }: Machine, identity: Identity): string {
  const path = scratch(`exec-as-${programs++}`);
  writeFileSync(path, execAs(architecture, identity));
  chmodSync(path, 0o755);
  // The folder is its maker's alone until now; the users become others.
  chmodSync(scratch(), 0o755);
  return path;
}

/** Runs it with nothing but these variables. */
function start(
  machine: Machine,
  identity: Identity,
  args: readonly string[],
  { env = [] as readonly string[], before = [] as readonly string[] } = {},
): Outcome {
  const command = [...before, "env", "-i", ...env, ...machine.emulator, program(machine, identity), ...args];
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
      const largest = 2 ** 31 - 1;
      const identity = { uid: largest, gid: largest, groups: [largest], home: "/" };
      const { stdout } = start(machine, identity, ["", "", "/usr/bin/id", "id"]);
      expect(stdout.trim()).toBe(`uid=${largest} gid=${largest} groups=${largest}`);
    });

    runs("gives the user stdin, stdout and stderr, but not /dev/null", () => {
      const exec = [...machine.emulator, program(machine, APP)].join(" ");
      // A pipe that root made is root's: without it, opening it anew is refused.
      const opened = "echo out >/dev/stdout; echo err >/dev/stderr";
      const pipe = `: | ${exec} '' '' /bin/sh sh -c '${opened}' 2>&1 | cat`;
      expect(runOk("sh", ["-c", pipe])).toBe("out\nerr\n");
      const out = scratch(`out-${programs}`);
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
      const missing = "docker2vm: the command, or what it is to be run by, is not there\n";
      const refused = "docker2vm: the command cannot be executed\n";
      const ended = (path: string) => start(machine, APP, ["", "", path, "x"]);
      expect(ended("/not/there")).toEqual({ status: 127, stdout: "", stderr: missing });
      expect(ended("")).toEqual({ status: 127, stdout: "", stderr: missing });
      expect(ended(plain)).toEqual({ status: 126, stdout: "", stderr: refused });
      expect(ended("/usr")).toEqual({ status: 126, stdout: "", stderr: refused });
    });

    runs("ends with 125 before the program if it is called wrongly", () => {
      for (const args of [[], ["A="], ["A=", "", "B=1"], ["/bin/echo", "hello"]]) {
        const wrong = { status: 125, stdout: "", stderr: "docker2vm: exec-as: wrong arguments\n" };
        expect(start(machine, APP, args)).toEqual(wrong);
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
          stderr: `docker2vm: exec-as: the user's ${id} cannot be set\n`,
        });
        expect(without("setgid")).toEqual(ended("groups"));
        expect(without("setuid")).toEqual(ended("uid"));
      },
      "setpriv",
    );

    testWith(["readelf"], "is a small static executable that nothing can write to", () => {
      const path = program(machine, APP);
      const header = runOk("readelf", ["-hlW", path]);
      expect(header).toMatch(/Type:\s+EXEC/);
      expect(header).toContain(`Machine:                           ${machine.readelf}`);
      expect(header).toMatch(/LOAD\s.*R E 0x10000/);
      expect(header).toMatch(/GNU_STACK\s.*RW /);
      expect(header).not.toContain("INTERP");
      expect(statSync(path).size).toBeLessThan(2048);
    });
  });
}

test("there is none for other architectures", async () => {
  await expectError(() => execAs("s390x", ROOT), "E_UNSUPPORTED", "s390x", "linux/amd64");
});
