/** What a workload finds in a machine of ovms-init's is what it finds in a container of Docker's: both asked the same. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { encodeConfig } from "../../src/guest/config.ts";
import { FAKE_MACHINE, type FakeRoot, HERE, makeFakeRoot, NOTHING, runFake } from "../guest/fake-machine.ts";
import { boot } from "../support/boot.ts";
import { DOCKER, type Docker, startDocker } from "../support/docker.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { findOracle, type Oracle, runOk, testWith } from "../support/oracles.ts";
import { lacksOf } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const NEEDS: readonly Oracle[] = [...FAKE_MACHINE, ...DOCKER, "skopeo"];

const PASSWD = `root:x:0:0::/root:/bin/sh
daemon:x:2:2
app:x:1000:1000::/home/app:/bin/sh
1500:x:1600:1600::/home/number:/bin/sh
homeless:x:3000:3000:::
`;
const GROUP = `root:x:0:
app:x:1000:
audio:x:29:app,root
 video:x:44:x,app
#off:x:90:app
apps:x:45:appx,xapp
`;

/** Everything that differs between one process and another. /proc tells who it is where no name would. */
const TELL = [
  "busybox env -0; echo; pwd; grep -E '^(Uid|Gid|Groups):' /proc/self/status; umask; stat -c '%u:%g %a' .",
  "cat /etc/hostname; hostname; cat /proc/self/oom_score_adj; for n in fd stdin; do readlink /dev/$n; done",
  "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; echo out >>/dev/stdout; stat -c %a /dev/null /dev/shm",
].join("; ");
const APPLETS = ["cat", "echo", "grep", "hostname", "pwd", "readlink", "sh", "stat"];

interface Case {
  readonly name: string;
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "nothing-set" },
  ...["app", "1000", "1500", "homeless", "65532", "app:audio", "1000:50"].map(
    (User, index): Case => ({ name: `user-${index}`, User }),
  ),
  { name: "group-alone", User: ":video" },
  {
    name: "variables",
    Env: ["B=2", "A=1", "HOSTNAME=mine", "a.b-c=\n\n'\"$x", "B=3", "EMPTY=", "PATH=/bin:/x", "TERM=dumb"],
  },
  { name: "empty-home", Env: ["HOME=", "A=1"], User: "app" },
  { name: "own-home", Env: ["HOME=/h", "A=1"], User: "app" },
  { name: "new-folder", WorkingDir: "/made/by this/start", User: "app" },
];

/** Commands, and the statuses that Docker and a machine end with. */
const ENDS: readonly Case[] = [
  ...[["sh", "-c", "exit 0"], ["sh", "-c", "exit 7"], ["/nope"], ["nope"], ["/etc"], ["/etc/passwd"]].map(
    (Cmd, index): Case => ({ name: `end-${index}`, Cmd }),
  ),
];

function configOf({ name: _, ...config }: Case) {
  return { Cmd: ["sh", "-c", TELL], ...config };
}

function files(): TarItem[] {
  const data = readFileSync(findOracle("busybox") ?? "");
  return [
    // Docker makes folders that a layer leaves out for root alone.
    ...["bin", "etc"].map((path) => ({ path, type: "directory", mode: 0o755 })),
    { path: "bin/busybox", mode: 0o755, data },
    ...APPLETS.map((name) => ({ path: `bin/${name}`, type: "symlink", linkname: "busybox" })),
    { path: "etc/passwd", data: PASSWD },
    { path: "etc/group", data: GROUP },
  ];
}

let docker: Docker;
let root: FakeRoot;

beforeAll(async () => {
  if (lacksOf(NEEDS).length > 0) return;
  chmodSync(dirname(scratch("x")), 0o755);
  root = makeFakeRoot(scratch("machine"), HERE);
  docker = await startDocker(scratch("docker"));
  const layer = tar(files());
  for (const each of [...CASES, ...ENDS]) {
    buildLayout(scratch("layout"), {
      layers: [layer],
      config: configOf(each),
      tag: each.name,
      platform: { os: "linux", architecture: HERE },
    });
    const archive = scratch(`${each.name}.tar`);
    const target = `docker-archive:${archive}:${each.name}:t`;
    runOk("skopeo", ["--insecure-policy", "copy", "-q", `oci:${scratch("layout")}:${each.name}`, target]);
    expect(docker.docker("load", "-q", "-i", archive)).toMatchObject({ status: 0 });
  }
});
afterAll(() => docker?.stop());

function inDocker({ name }: Case) {
  const { status, stdout } = docker.docker(
    ...["run", "--rm", "--pull=never", "--network=none", "--hostname=box", `${name}:t`],
  );
  return { status, stdout };
}

/** As the converter would write it; no image is made for each. */
function inMachine(each: Case) {
  const { Env = [], User = "", WorkingDir = "/", Entrypoint = [], Cmd = [] } = configOf(each);
  const config = encodeConfig({
    ...NOTHING,
    environment: Env,
    user: User,
    workingDirectory: WorkingDir,
    entrypoint: Entrypoint,
    cmd: Cmd,
    hostname: "box",
  });
  const ended = runFake(root, { config, files: { "/etc/passwd": PASSWD, "/etc/group": GROUP } });
  return { status: ended.status, stdout: ended.stdout };
}

describe("as in a container of Docker's", () => {
  for (const each of CASES) {
    testWith(NEEDS, `${each.name}: environment, user, groups, working directory, what lies around`, () => {
      expect(inMachine(each)).toEqual(inDocker(each));
    });
  }

  for (const each of ENDS) {
    testWith(NEEDS, `${JSON.stringify(each.Cmd)} ends with the same status`, () => {
      expect(inMachine(each).status).toBe(inDocker(each).status);
    });
  }

  testWith([...NEEDS, "qemu-system-x86_64"], "so it is in a real machine, converted and booted", async () => {
    const each: Case = {
      name: "machine",
      Env: ["B=2", "A='1 2'"],
      User: "app",
      WorkingDir: "/made/here",
      // On a terminal, whose variable it is.
      Cmd: ["sh", "-c", `unset TERM; ${TELL}`],
    };
    const layout = scratch("booted");
    buildLayout(layout, { layers: [tar(files())], config: configOf(each), tag: "machine" });
    const archive = scratch("machine.tar");
    const { rootfsPath } = await convert({
      source: `oci:${layout}:machine`,
      platform: "linux/amd64",
      out: scratch("out"),
      profile: { name: "init", workload: { hostname: "box" } },
    });
    const said = (await boot(rootfsPath, "rw quiet init=/sbin/ovms-init")).replaceAll("\r", "");
    runOk("skopeo", [
      ...["--insecure-policy", "copy", "-q", `oci:${layout}:machine`, `docker-archive:${archive}:machine:t`],
    ]);
    expect(docker.docker("load", "-q", "-i", archive)).toMatchObject({ status: 0 });
    expect(said).toStartWith(`${inDocker(each).stdout}\novms-exit: 0\n`);
  });
});
