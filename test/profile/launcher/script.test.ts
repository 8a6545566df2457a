/** The launcher run for real: by every shell that may be an image's /bin/sh, in a root of its own. */
import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { guestPath } from "../../../src/profile/gondolin/image-environment.ts";
import { imageVariables } from "../../../src/profile/image-variables.ts";
import { type LauncherFile, launcherFiles } from "../../../src/profile/launcher/launcher.ts";
import type { ImageInProgress } from "../../../src/profile/profile.ts";
import { findOracle, type Oracle, runOk, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { type TestImage, testImage } from "./images.ts";
import { type Ended, makeRoot, putFiles, runIn, SANDBOX } from "./sandbox.ts";

const SHELLS = ["dash", "bash", "mksh"] as const;
const PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
const GROUP = "root:x:0:\napp:x:1000:\naudio:x:29:app,root\nvideo:x:44:app\n";
const RUN = "/usr/lib/docker2vm/run";
const DOCKER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What the init of a guest exports before it starts anything. */
const INIT = {
  HOME: "/root",
  TERM: "linux",
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  TMPDIR: "/tmp",
  XDG_CACHE_HOME: "/tmp/.cache",
  XDG_CONFIG_HOME: "/tmp/.config",
  XDG_DATA_HOME: "/tmp/.local/share",
  UV_CACHE_DIR: "/tmp/.cache/uv",
  UV_SYSTEM_CERTS: "true",
  SHLVL: "1",
  PWD: "/",
};

const scratch = scratchFolder();
let root = "";

beforeAll(() => {
  root = scratch("root");
  if (SANDBOX.every((oracle) => findOracle(oracle) !== undefined)) {
    makeRoot(
      root,
      SHELLS.filter((shell) => findOracle(shell) !== undefined),
    );
  }
});

/** As the profile for Gondolin asks for them. */
function filesOf(image: ImageInProgress): Promise<readonly LauncherFile[]> {
  const variables = imageVariables(image.runtime.Env, image.warn);
  return launcherFiles(image, { variables, path: guestPath(variables) });
}

interface Call {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** One for each shell: puts the image's launcher into the root and runs it there. */
function eachShell(
  name: string,
  body: (launch: (image: TestImage, call?: Call) => Promise<Ended>) => Promise<void>,
) {
  const cases: [title: string, command: string[], needs: Oracle[]][] = [
    ["busybox sh", ["/bin/busybox", "sh"], []],
    ["bash as sh", ["/tools/posix/sh"], ["bash"]],
    ...SHELLS.map((shell): [string, string[], Oracle[]] => [shell, [`/tools/${shell}`], [shell]]),
  ];
  for (const [title, shell, needs] of cases) {
    testWith([...SANDBOX, ...needs], `${name} (${title})`, async () => {
      await body(async (image, { args = [], env = INIT, input = "" } = {}) => {
        const files = { "/etc/passwd": PASSWD, "/etc/group": GROUP, ...image.files };
        putFiles(root, await filesOf(testImage({ ...image, files }).image));
        return runIn(root, [...shell, RUN, ...args], { env, input });
      });
    });
  }
}

/** As outcomes have it: bytes, one character each. */
const utf8 = (text: string) => Buffer.from(text, "utf8").toString("latin1");
const printEnv = { Entrypoint: ["/bin/env", "-0"] };

function environmentOf({ stdout, stderr, status }: Ended): Record<string, string> {
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  const entries = stdout.split("\0").slice(0, -1);
  expect(new Set(entries.map((entry) => entry.split("=")[0])).size).toBe(entries.length);
  return Object.fromEntries(entries.map((entry) => [entry.replace(/=.*/s, ""), entry.replace(/^.*?=/s, "")]));
}

describe("the command", () => {
  eachShell("is Entrypoint and Cmd, and arguments take the place of Cmd", async (launch) => {
    const image = { runtime: { Entrypoint: ["/bin/printf", "<%s>"], Cmd: ["a b", "", "'$HOME`\\n\n"] } };
    expect(await launch(image)).toEqual({ status: 0, stdout: "<a b><><'$HOME`\\n\n>", stderr: "" });
    const args = ["x", "", "-- *", "\x81ü\n"];
    expect((await launch(image, { args })).stdout).toBe(utf8("<x><><-- *><\x81ü\n>"));
    const onlyCmd = { runtime: { Cmd: ["printf", "%s", "cmd"] } };
    expect((await launch(onlyCmd)).stdout).toBe("cmd");
    expect((await launch(onlyCmd, { args: ["printf", "%s", "mine"] })).stdout).toBe("mine");
  });

  eachShell("keeps the name that it was called by", async (launch) => {
    const image = { runtime: { Cmd: ["cat", "/proc/self/cmdline"] } };
    expect((await launch(image)).stdout).toBe("cat\0/proc/self/cmdline\0");
  });

  eachShell(
    "is searched as runc does: never a builtin, a folder, or a file that cannot be executed",
    async (launch) => {
      for (const folder of ["p1/tool", "p2", "p3"]) mkdirSync(`${root}/${folder}`, { recursive: true });
      writeFileSync(`${root}/p2/tool`, "", { mode: 0o644 });
      writeFileSync(`${root}/p3/tool`, "#!/bin/sh\necho p3", { mode: 0o755 });
      writeFileSync(`${root}/p3/exit`, "#!/bin/sh\necho exit", { mode: 0o755 });
      writeFileSync(`${root}/local`, "#!/bin/sh\necho local", { mode: 0o755 });
      const Env = ["PATH=:.:p3:/nowhere:/p1:/p2:/p3:/bin"];
      expect((await launch({ runtime: { Env, Cmd: ["tool"] } })).stdout).toBe("p3\n");
      expect((await launch({ runtime: { Env, Cmd: ["exit"] } })).stdout).toBe("exit\n");
      expect((await launch({ runtime: { Env, Cmd: ["./local"] } })).stdout).toBe("local\n");
      expect((await launch({ runtime: { Env, Cmd: ["local"] } })).status).toBe(127);
    },
  );

  eachShell("ends the launcher as it ends", async (launch) => {
    expect((await launch({ runtime: { Cmd: ["sh", "-c", "exit 7"] } })).status).toBe(7);
    // exec all the way: what the launcher's process is sent, the workload gets.
    expect((await launch({ runtime: { Cmd: ["sh", "-c", "kill -USR1 $$"] } })).status).toBe("SIGUSR1");
    const trap = "trap 'echo caught; exit 3' TERM; kill -TERM $$";
    expect(await launch({ runtime: { Cmd: ["sh", "-c", trap] } })).toMatchObject({
      status: 3,
      stdout: "caught\n",
    });
  });

  eachShell(
    "that is none, or not there, or not executable ends with Docker's 125, 127, 126",
    async (launch) => {
      writeFileSync(`${root}/script`, "#!/no/interpreter", { mode: 0o755 });
      writeFileSync(`${root}/data`, "text", { mode: 0o644 });
      const table: [cmd: string[], status: number, message: string][] = [
        [[], 125, "docker2vm: the image has no command, and none was given\n"],
        [["nope"], 127, "docker2vm: the command 'nope' is not in PATH (/usr/local/sbin:"],
        [[""], 127, "docker2vm: the command '' is not in PATH"],
        [["/nope"], 127, "docker2vm: the command '/nope' is not there\n"],
        [["/script"], 127, "docker2vm: the command '/script', or what it is to be run by, is not there\n"],
        [["/data"], 126, "docker2vm: the command '/data' cannot be executed: Permission denied\n"],
        [["/bin"], 126, "docker2vm: the command '/bin' cannot be executed: Permission denied\n"],
      ];
      for (const [Cmd, status, message] of table) {
        const ended = await launch({ runtime: { Cmd } });
        expect({ ...ended, Cmd }).toEqual({
          status,
          stdout: "",
          stderr: expect.stringContaining(message),
          Cmd,
        });
      }
    },
  );

  eachShell("has the launcher's own stdin, stdout and stderr", async (launch) => {
    const copy = { runtime: { Cmd: ["sh", "-c", "cat; echo err >&2"] } };
    expect(await launch(copy, { input: "in\n" })).toEqual({ status: 0, stdout: "in\n", stderr: "err\n" });
  });
});

describe("the environment", () => {
  eachShell("is Docker's where the image sets none, whatever init has set for itself", async (launch) => {
    const bare = { HOME: "/root", PATH: DOCKER_PATH };
    expect(environmentOf(await launch({ runtime: printEnv }))).toEqual(bare);
    expect(environmentOf(await launch({ runtime: printEnv }, { env: {} }))).toEqual(bare);
    // A kernel's own, for a launcher that is init.
    expect(environmentOf(await launch({ runtime: printEnv }, { env: { HOME: "/", TERM: "linux" } }))).toEqual(
      bare,
    );
  });

  eachShell("is the image's, to the byte and by any name", async (launch) => {
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join("");
    const wanted: Record<string, string> = {
      ALL: all,
      QUOTES: `'"\`$(exit)\${x}\\ '' \n`,
      EMPTY: "",
      "my.name": "1",
      "a-b c": "2",
      "1": "one",
      TMPDIR: "/tmp",
      HOME: "/image/home",
      PATH: "/image/bin:/bin",
      TERM: "linux",
      ...Object.fromEntries(
        [
          "UID",
          "EUID",
          "PPID",
          "RANDOM",
          "LINENO",
          "OPTIND",
          "IFS",
          "PS4",
          "ENV",
          "BASH_ENV",
          "SHELLOPTS",
          "BASHOPTS",
        ]
          .concat([
            "LC_ALL",
            "LANG",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "KSH_VERSION",
            "d2vm_program",
            "d2vm_term",
          ])
          .map((name) => [name, `of ${name}`]),
      ),
    };
    const Env = Object.entries(wanted).map(([name, value]) => `${name}=${value}`);
    expect(environmentOf(await launch({ runtime: { ...printEnv, Env } }))).toEqual({
      ...wanted,
      ALL: utf8(all),
    });
  });

  eachShell("takes a caller's variables over the image's, as docker run --env does", async (launch) => {
    const Env = ["PORT=80", "MODE=image", "PATH=/bin:/image"];
    const env = {
      ...INIT,
      PORT: "8080",
      KEY: "'s\n",
      TMPDIR: "/mine",
      PATH: "/mine:/bin",
      HOME: "/h",
    };
    expect(environmentOf(await launch({ runtime: { ...printEnv, Env } }, { env }))).toEqual({
      PORT: "8080",
      MODE: "image",
      KEY: "'s\n",
      TMPDIR: "/mine",
      PATH: "/mine:/bin",
      HOME: "/h",
    });
  });

  eachShell("has the image's own PATH where init has made it longer", async (launch) => {
    const pathOf = async (Env: string[], PATH: string) =>
      environmentOf(await launch({ runtime: { ...printEnv, Env } }, { env: { ...INIT, PATH } }))["PATH"];
    const own = "/app/bin:/it's:/bin";
    expect(await pathOf([`PATH=${own}`], `${own}:/usr/sbin:/usr/bin:/sbin`)).toBe(own);
    expect(await pathOf([`PATH=${own}`], `${own}:/usr/sbin:/usr/bin`)).toBe(`${own}:/usr/sbin:/usr/bin`);
    expect(await pathOf([], `${DOCKER_PATH}:/more`)).toBe(`${DOCKER_PATH}:/more`);
  });

  eachShell("keeps whom the guest trusts, whatever authorities the image names", async (launch) => {
    const bundle = "/run/gondolin/ca-certificates.crt";
    const env = {
      SSL_CERT_FILE: bundle,
      CURL_CA_BUNDLE: bundle,
      NODE_EXTRA_CA_CERTS: "/etc/gondolin/mitm/ca.crt",
    };
    const path = { PATH: DOCKER_PATH, HOME: "/root" };
    expect(environmentOf(await launch({ runtime: printEnv }, { env }))).toEqual({ ...path, ...env });
    const Env = ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "CURL_CA_BUNDLE=/app/ca.pem"];
    const image = { runtime: { ...printEnv, Env } };
    expect(environmentOf(await launch(image, { env }))).toEqual({ ...path, ...env });
    // Where nothing intercepts, init names a bundle of the system's, and the image's choice counts.
    const system = { SSL_CERT_FILE: "/etc/ssl/cert.pem" };
    expect(environmentOf(await launch({ runtime: printEnv }, { env: system }))).toEqual(path);
    expect(environmentOf(await launch(image, { env: system }))).toEqual({
      ...path,
      SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt",
      CURL_CA_BUNDLE: "/app/ca.pem",
    });
  });

  eachShell("takes HOME from the account, and the last of several values", async (launch) => {
    const Env = ["A=1", "B=2", "A=3", "HOME="];
    expect(environmentOf(await launch({ runtime: { ...printEnv, Env, User: "1000" } }))).toEqual({
      A: "3",
      B: "2",
      HOME: "/home/app",
      PATH: DOCKER_PATH,
    });
  });

  testWith(
    [...SANDBOX, "script"],
    "has Docker's TERM on a terminal, unless the caller or the image has one",
    async () => {
      const termOf = async (Env: string[], env: string) => {
        const { image } = testImage({ runtime: { Cmd: ["/bin/env"], Env } });
        putFiles(root, await filesOf(image));
        const command = `chroot ${root} /tools/env -i ${env} /bin/sh ${RUN}`;
        return /^TERM=.*(?=\r$)/m.exec(runOk("script", ["-qec", command, "/dev/null"]))?.[0];
      };
      expect(await termOf([], "TERM=linux")).toBe("TERM=xterm");
      expect(await termOf(["TERM=image"], "TERM=linux")).toBe("TERM=image");
      expect(await termOf(["TERM=image"], "TERM=vt220")).toBe("TERM=vt220");
    },
  );

  test("leaves out entries that are no variables, with one warning for each", async () => {
    const { image, warnings } = testImage({ runtime: { Env: ["OK=1", "BAD", "=x", "NUL=\0"] } });
    const [script] = await filesOf(image);
    expect(warnings.map((warning) => warning.split(": ")[1])).toEqual(['"BAD"', '"=x"', '"NUL=\\u0000"']);
    expect(Buffer.from(script?.bytes ?? []).toString()).toContain("'OK=1'");
  });
});

describe("the working directory", () => {
  eachShell("is the root, or the image's, made where it is missing", async (launch) => {
    const cwd = async (WorkingDir: string) =>
      (await launch({ runtime: { WorkingDir, Cmd: ["pwd"] } })).stdout;
    expect(await cwd("")).toBe("/\n");
    expect(await cwd("/proc")).toBe("/proc\n");
    expect(await cwd("bin")).toBe("/bin\n");
    const made = `/made/by '${Math.random()}'/-p`;
    expect(await cwd(made)).toBe(`${made}\n`);
    expect(statSync(`${root}${made}`)).toMatchObject({ mode: 0o40755, uid: 0, gid: 0 });
  });

  eachShell("that cannot be one ends the launcher with 125", async (launch) => {
    const ended = await launch({ runtime: { WorkingDir: "/bin/busybox/x", Cmd: ["pwd"] } });
    expect(ended).toMatchObject({ status: 125, stdout: "" });
    expect(ended.stderr).toEndWith("docker2vm: the working directory '/bin/busybox/x' cannot be entered\n");
  });
});

describe("the user", () => {
  const identity = 'cat /proc/self/status; echo "Umask $(umask)"';
  const facts = ({ stdout }: Ended) =>
    Object.fromEntries(
      [...stdout.matchAll(/^(Uid|Gid|Groups|CapPrm|CapEff|CapAmb|Umask):?\s+(.*?)\s*$/gm)].map((m) => [
        m[1],
        m[2],
      ]),
    );
  const none = "0000000000000000";

  eachShell("is dropped to with all its groups and without capabilities", async (launch) => {
    const ended = await launch({ runtime: { User: "app", Cmd: ["sh", "-c", identity] } });
    expect(facts(ended)).toEqual({
      Uid: "1000\t1000\t1000\t1000",
      Gid: "1000\t1000\t1000\t1000",
      Groups: "29 44 1000",
      CapPrm: none,
      CapEff: none,
      CapAmb: none,
      Umask: "0022",
    });
  });

  eachShell("of numbers alone needs no account", async (launch) => {
    const ended = await launch({ runtime: { User: "65532:70000", Cmd: ["sh", "-c", identity] } });
    expect(facts(ended)).toMatchObject({
      Uid: "65532\t65532\t65532\t65532",
      Gid: "70000\t70000\t70000\t70000",
      Groups: "70000",
      CapEff: none,
    });
  });

  eachShell("is root where the image names none, with root's groups and all it can", async (launch) => {
    const { Uid, Groups, CapEff } = facts(await launch({ runtime: { Cmd: ["sh", "-c", identity] } }));
    expect({ Uid, Groups }).toEqual({ Uid: "0\t0\t0\t0", Groups: "0 29" });
    expect(CapEff).not.toBe(none);
  });

  eachShell("that names nobody is refused", async (launch) => {
    const ended = await launch({ runtime: { User: "who's", Cmd: ["id"] } });
    const message = "docker2vm: the image's User cannot be resolved: /etc/passwd has no user 'who's'\n";
    expect(ended).toEqual({ status: 125, stdout: "", stderr: message });
  });

  test("that names nobody is warned of at conversion, like a command that none can be", async () => {
    for (const [runtime, message] of [
      [{ User: "nobody" }, "/etc/passwd has no user 'nobody'"],
      [{ Cmd: ["a\0b"] }, "has a NUL byte"],
    ] as const) {
      const { image, warnings } = testImage({ runtime });
      expect((await filesOf(image)).map(({ path }) => path)).toEqual([RUN]);
      expect(warnings).toEqual([expect.stringContaining(message)]);
    }
  });
});
