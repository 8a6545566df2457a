/** ovms-init with a configuration that is none, and called where it is no machine's first program. */
import { describe, expect, test } from "bun:test";
import { encodeConfig } from "../../src/guest/config.ts";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { expectError } from "../support/expect-error.ts";
import { fakeMachines, shell } from "./booting.ts";
import { NOTHING } from "./fake-machine.ts";

const PASSWD = "app:x:1000:1000::/home/app:/bin/sh\n";
const { each, native } = fakeMachines({ "/etc/passwd": PASSWD });
const SOUND = Buffer.from(encodeConfig({ ...NOTHING, ...shell("echo ran") }));
const AGAIN = "; convert the image again, with --profile init\n";

describe("a configuration", () => {
  each("that is not whole or of another format ends the machine with 125 and a line", (boot) => {
    const cut = "ends too early";
    const unknown = "says what this program does not know: ";
    const table: [text: string, message: string][] = [
      ["", "is not of the format that this program reads, ovms-init 1"],
      ["ovms-init 2\0end\0\0", "is not of the format that this program reads, ovms-init 1"],
      ["ovms-init 1", "is not of the format that this program reads, ovms-init 1"],
      ["ovms-init 1\0", cut],
      ["ovms-init 1\0cmd\0true\0", cut],
      ["ovms-init 1\0cmd\0true\0end\0", cut],
      ["ovms-init 1\0stop-signal\0x\0end\0\0", `${unknown}stop-signal x`],
      ["ovms-init 1\0limit\x007 1\0end\0\0", `${unknown}limit 7`],
      ["ovms-init 1\0root\0on\0end\0\0", `${unknown}root on`],
      ["ovms-init 1\0new\nkey\x001\0end\0\0", `${unknown}new?key 1`],
    ];
    for (const [text, message] of table) {
      const ended = boot({ config: Buffer.from(text, "latin1") });
      const stderr = `docker2vm: /etc/ovms/config ${message}${AGAIN}`;
      expect([text, ended.stdout, ended.stderr, ended.status]).toEqual([text, "", stderr, 125]);
    }
    const none = boot({ before: 'rm "$R/etc/ovms/config"' });
    const missing = "docker2vm: /etc/ovms/config cannot be read: No such file or directory";
    expect([none.stderr, none.status]).toEqual([`${missing}${AGAIN}`, 125]);
  });

  native("cut anywhere starts nothing", (boot) => {
    // Between any two texts, and in the middle of some.
    const sizes = [...SOUND.keys()].filter((size) => size % 11 === 0 || SOUND[size - 1] === 0);
    for (const size of sizes) {
      const { stdout, status } = boot({ config: SOUND.subarray(0, size) });
      expect([size, stdout, status]).toEqual([size, "", 125]);
    }
    expect(boot({ config: SOUND }).stdout).toBe("ran\n");
  });

  test("cannot be written with a NUL byte in it", async () => {
    for (const [key, part] of Object.entries({ cmd: ["a\0b"], environment: ["A=\0"], entrypoint: ["\0"] })) {
      const name = key === "environment" ? "env" : key;
      await expectError(() => encodeConfig({ ...NOTHING, [key]: part }), "E_BAD_MANIFEST", name, "NUL byte");
    }
    await expectError(() => encodeConfig({ ...NOTHING, user: "a\0" }), "E_BAD_MANIFEST", "user");
  });
});

describe("where it is not the first process", () => {
  each("--workload starts the workload as it would be, arguments in place of Cmd", (boot) => {
    const config = {
      ...shell('echo "$0 $*"; id -u; pwd; echo $HOME $SECRET; exit 7'),
      user: "app",
      workingDirectory: "/tmp",
    };
    const asItIs = boot({ config, args: ["--workload"], before: "export SECRET=caller" });
    expect(asItIs).toMatchObject({
      stdout: "sh \n1000\n/tmp\n/home/app\n",
      stderr: "",
      ended: 7,
      status: undefined,
    });
    const args = ["--workload", "sh", "-c", 'echo "$@"', "", "a b", "--"];
    expect(boot({ config, args })).toMatchObject({ stdout: "a b --\n", ended: 0 });
  });

  each("failures end it with their status and a line, and nothing else", (boot) => {
    const ended = (config: object) => {
      const { stdout, stderr, ended } = boot({ config, args: ["--workload"] });
      return [ended, stdout, stderr.split(/[;:]/)[1]];
    };
    expect(ended({ cmd: ["nope"] })[0]).toBe(127);
    expect(ended({ cmd: ["/bin"] })).toEqual([126, "", " the command '/bin' cannot be executed"]);
    expect(ended(shell("true", { user: "who" }))).toEqual([125, "", " /etc/passwd has no user 'who'"]);
  });

  each("anything else is refused, and nothing is mounted or ended", (boot) => {
    for (const args of [[], ["workload"], ["--help"]]) {
      const { stdout, stderr, ended } = boot({ config: shell("echo ran"), args, after: "ls sys dev" });
      expect([args, stdout, ended]).toEqual([args, "", 125]);
      expect(stderr).toStartWith(
        "docker2vm: this is a machine's first program (init=/sbin/ovms-init); elsewhere: ",
      );
    }
  });
});

describe("the program", () => {
  native("takes less than 1 MiB of memory while a workload runs", (boot) => {
    const before = `(while [ ! -e "$R/tmp/ready" ]; do sleep 0.05; done; grep VmRSS "$R/proc/1/status" >"$R/tmp/rss"; touch "$R/tmp/told") &`;
    const config = shell("touch /tmp/ready; while ! test -e /tmp/told; do sleep 0.05; done; cat /tmp/rss");
    const kilobytes = Number(/(\d+) kB/.exec(boot({ config, before }).stdout)?.[1]);
    expect(kilobytes).toBeGreaterThan(0);
    expect(kilobytes).toBeLessThan(1024);
  });

  test("is small, static, and there for amd64 and arm64 alone", async () => {
    for (const [architecture, machine] of [
      ["amd64", 62],
      ["arm64", 183],
    ] as const) {
      const program = Buffer.from(ovmsInit(architecture));
      expect(program.toString("latin1", 0, 4)).toBe("\x7fELF");
      expect(program.readUInt16LE(18)).toBe(machine);
      expect(program.length).toBeLessThan(64 << 10);
    }
    await expectError(() => ovmsInit("s390x"), "E_PLATFORM_NOT_FOUND", "s390x", "linux/amd64 or linux/arm64");
  });
});
