/** What is wrong with a bundle is found, and nothing else is. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Json, mergePatch } from "../../src/bundle/merge-patch.ts";
import { checkConfig } from "../../src/bundle/validate/check-config.ts";
import { validateBundle } from "../../src/bundle/validate-bundle.ts";
import { runWith } from "../cli/fake-host.ts";
import { runBundle } from "../support/containers.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { findOracle, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { FULL, plainConfig } from "./sample.ts";

const scratch = scratchFolder();

/** A fault: what is changed in a sound configuration, and what is to be found, by severity and place. */
interface Fault {
  readonly what: string;
  readonly change: Json | ((config: Record<string, Json>) => void);
  readonly found: readonly string[];
  /** Whether runc refuses it, too. */
  readonly refused?: boolean;
}

function fault(what: string, change: Fault["change"], ...found: readonly string[]): Fault {
  return { what, change, found: found.map((each) => (each.startsWith("warning ") ? each : `error ${each}`)) };
}

/** One that runc says is one. */
function refused(what: string, change: Fault["change"], ...found: readonly string[]): Fault {
  return { ...fault(what, change, ...found), refused: true };
}

const PROC = { destination: "/proc", type: "proc", source: "proc" };
const KILL = ["CAP_KILL"];

const FAULTS: readonly Fault[] = [
  fault("no version", { ociVersion: null }, "/"),
  fault("a version that is none", { ociVersion: "1.0" }, "/ociVersion"),
  fault("a version with a letter before", { ociVersion: "v1.0.2" }, "/ociVersion"),
  fault("another major version", { ociVersion: "2.0.0" }, "/ociVersion"),
  fault("a version to come", { ociVersion: "1.9.0" }, "warning /ociVersion"),
  refused("a version that is a number", { ociVersion: 1 }, "/ociVersion"),
  refused("no root", { root: null }, "/root"),
  fault("a root without a path", { root: { path: null } }, "/root"),
  refused("a root that is not there", { root: { path: "nowhere" } }, "/root/path"),
  refused("a root that is a file", { root: { path: "file" } }, "/root/path"),
  refused("a root that is a link out", { root: { path: "out" } }, "/root/path"),
  fault("a root above", { root: { path: "../rootfs" } }, "/root/path"),
  fault("a root by another name", { root: { path: "other" } }, "warning /root/path"),
  fault("a root without a name", { root: { path: "" } }, "/root/path"),
  refused("a readonly that is a word", { root: { readonly: "yes" } }, "/root/readonly"),
  refused("no process", { process: null }, "/process"),
  fault("no working directory", { process: { cwd: null } }, "/process"),
  refused("a relative working directory", { process: { cwd: "tmp" } }, "/process/cwd"),
  refused("a working directory that is a file", { process: { cwd: "/etc/passwd" } }, "/process/cwd"),
  refused("no command", { process: { args: null } }, "/process/args"),
  refused("an empty command", { process: { args: [] } }, "/process/args"),
  refused("a command without a name", { process: { args: [""] } }, "/process/args/0"),
  refused("a command that is a text", { process: { args: "sh" } }, "/process/args"),
  refused("a command that is not there", { process: { args: ["/bin/nothing"] } }, "/process/args/0"),
  refused("a command in no folder of PATH", { process: { args: ["nothing"] } }, "/process/args/0"),
  refused("a command that is no program", { process: { args: ["/etc/passwd"] } }, "/process/args/0"),
  refused("a command behind a link in a circle", { process: { args: ["/circle/sh"] } }, "/process/args/0"),
  fault("a NUL in an argument", { process: { args: ["/bin/sh", "a\0"] } }, "/process/args/1"),
  refused("a variable without a value", { process: { env: ["PATH=/bin", "A"] } }, "/process/env/1"),
  refused("a variable without a name", { process: { env: ["PATH=/bin", "=A"] } }, "/process/env/1"),
  fault("a variable twice", { process: { env: ["PATH=/bin", "A=1", "A=2"] } }, "warning /process/env/2"),
  refused("a user by name", { process: { user: { uid: "root" } } }, "/process/user/uid"),
  refused("a user below 0", { process: { user: { uid: -1 } } }, "/process/user/uid"),
  refused("a user beyond 31 bits", { process: { user: { uid: 2 ** 31 } } }, "/process/user/uid"),
  fault("a group that is a fraction", { process: { user: { gid: 1.5 } } }, "/process/user/gid"),
  refused(
    "a further group beyond 32 bits",
    { process: { user: { additionalGids: [2 ** 32] } } },
    "/process/user/additionalGids/0",
    "/process/user/additionalGids/0",
  ),
  fault("no uid", { process: { user: { uid: null } } }, "warning /process/user/uid"),
  fault("a umask of more than permissions", { process: { user: { umask: 512 } } }, "/process/user/umask"),
  refused(
    "an rlimit that is none",
    { process: { rlimits: [{ type: "RLIMIT_X", soft: 1, hard: 1 }] } },
    "/process/rlimits/0/type",
  ),
  fault(
    "an rlimit by another name",
    { process: { rlimits: [{ type: "nofile", soft: 1, hard: 1 }] } },
    "/process/rlimits/0/type",
    "/process/rlimits/0/type",
  ),
  refused(
    "an rlimit above its bound",
    { process: { rlimits: [{ type: "RLIMIT_CORE", soft: 2, hard: 1 }] } },
    "/process/rlimits/0",
  ),
  fault(
    "an rlimit without bound",
    { process: { rlimits: [{ type: "RLIMIT_CORE", soft: 2 }] } },
    "/process/rlimits/0",
    "/process/rlimits/0",
  ),
  fault(
    "an rlimit twice",
    { process: { rlimits: [1, 2].map((soft) => ({ type: "RLIMIT_CORE", soft, hard: 2 })) } },
    "/process/rlimits/1",
  ),
  fault(
    "a capability that is none",
    { process: { capabilities: { bounding: ["KILL"] } } },
    "warning /process/capabilities/bounding/0",
  ),
  fault(
    "an effective capability that is not permitted",
    { process: { capabilities: { bounding: KILL, permitted: [], effective: KILL } } },
    "/process/capabilities/effective/0",
  ),
  fault(
    "a console without a terminal",
    { process: { consoleSize: { height: 1, width: 1 } } },
    "warning /process/consoleSize",
  ),
  refused("an OOM score out of range", { process: { oomScoreAdj: 2000 } }, "/process/oomScoreAdj"),
  fault(
    "an I/O class that is none",
    { ociVersion: "1.1.0", process: { ioPriority: { class: "FAST" } } },
    "/process/ioPriority/class",
  ),
  fault(
    "an I/O priority out of range",
    { ociVersion: "1.1.0", process: { ioPriority: { class: "IOPRIO_CLASS_BE", priority: 8 } } },
    "/process/ioPriority/priority",
  ),
  fault("a field of a later version", { domainname: "example" }, "warning /domainname"),
  fault(
    "a scheduler that is none",
    { ociVersion: "1.1.0", process: { scheduler: { policy: "FAIR" } } },
    "/process/scheduler/policy",
  ),
  refused("mounts that are no list", { mounts: {} }, "/mounts", "warning /mounts"),
  fault("no mounts", { mounts: null }, "warning /mounts"),
  fault("a mount without a place", { mounts: [PROC, { type: "tmpfs" }] }, "/mounts/1"),
  fault("a relative mount", { mounts: [PROC, { ...PROC, destination: "x" }] }, "/mounts/1/destination"),
  fault(
    "a relative mount where that may be",
    { ociVersion: "1.2.0", mounts: [PROC, { ...PROC, destination: "x" }] },
    "warning /mounts/1/destination",
  ),
  fault("a mount over another", { mounts: [PROC, PROC] }, "warning /mounts/1"),
  fault(
    "a mount without a type",
    { mounts: [PROC, { destination: "/x", source: "y" }] },
    "warning /mounts/1",
  ),
  refused(
    "a bind mount of what is not there",
    { mounts: [PROC, { destination: "/x", source: "no", options: ["bind"] }] },
    "/mounts/1/source",
  ),
  fault(
    "a bind mount of what is not there on this machine",
    { mounts: [PROC, { destination: "/x", source: "/no/such", options: ["rbind"] }] },
    "warning /mounts/1/source",
  ),
  fault("a bind mount of nothing", { mounts: [PROC, { destination: "/x", options: ["bind"] }] }, "/mounts/1"),
  fault(
    "a mount that maps users alone",
    { ociVersion: "1.2.0", mounts: [PROC, { ...PROC, destination: "/x", uidMappings: [] }] },
    "/mounts/1",
  ),
  fault("no linux", { linux: null }, "warning /linux"),
  refused(
    "a namespace that is none",
    { linux: { namespaces: [{ type: "moon" }] } },
    "/linux/namespaces/0/type",
  ),
  refused("a namespace twice", (config) => add(config, "namespaces", { type: "pid" }), "/linux/namespaces/6"),
  fault(
    "a namespace by a relative path",
    { linux: { namespaces: [{ type: "pid", path: "x" }] } },
    "/linux/namespaces/0/path",
  ),
  refused(
    "a host name without a namespace for it",
    { hostname: "x", linux: { namespaces: [{ type: "mount" }] } },
    "/hostname",
  ),
  fault(
    "mappings without a user namespace",
    { linux: { uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] } },
    "warning /linux/uidMappings",
  ),
  refused(
    "a user namespace without mappings",
    (config) => add(config, "namespaces", { type: "user" }),
    "/linux/uidMappings",
    "/linux/gidMappings",
  ),
  fault(
    "mappings that overlap",
    {
      linux: {
        namespaces: [{ type: "user" }],
        uidMappings: [
          { containerID: 0, hostID: 0, size: 2 },
          { containerID: 1, hostID: 9, size: 1 },
        ],
        gidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
      },
    },
    "/linux/uidMappings/1",
  ),
  fault(
    "a mapping of nothing, and no user",
    {
      linux: {
        namespaces: [{ type: "user" }],
        uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
        gidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
      },
    },
    "/linux/uidMappings/0",
    "/process/user/uid",
  ),
  fault("a masked path that is relative", { linux: { maskedPaths: ["proc/kcore"] } }, "/linux/maskedPaths/0"),
  fault(
    "a device without numbers",
    { linux: { devices: [{ type: "c", path: "/dev/x" }] } },
    "/linux/devices/0",
  ),
  fault(
    "a device of no type",
    { linux: { devices: [{ type: "z", path: "/dev/x", major: 1, minor: 1 }] } },
    "/linux/devices/0/type",
  ),
  fault(
    "a device at a relative path",
    { linux: { devices: [{ type: "p", path: "dev/x" }] } },
    "/linux/devices/0/path",
  ),
  fault(
    "a device twice",
    { linux: { devices: ["/dev/x", "/dev/y"].map((path) => ({ type: "c", path, major: 1, minor: 1 })) } },
    "warning /linux/devices/1",
  ),
  refused(
    "a kernel setting of no namespace",
    { linux: { sysctl: { "vm.swappiness": "1" } } },
    "/linux/sysctl/vm.swappiness",
  ),
  refused(
    "a setting of the host's network",
    { linux: { sysctl: { "net.core.somaxconn": "1" }, namespaces: [{ type: "mount" }] } },
    "/linux/sysctl/net.core.somaxconn",
  ),
  fault("a propagation that is none", { linux: { rootfsPropagation: "rapid" } }, "/linux/rootfsPropagation"),
  fault(
    "times without a namespace for them",
    { ociVersion: "1.1.0", linux: { timeOffsets: {} } },
    "/linux/timeOffsets",
  ),
  fault("a personality of no domain", { linux: { personality: {} } }, "/linux/personality"),
  fault(
    "swap below memory",
    { linux: { resources: { memory: { limit: 10, swap: 5 } } } },
    "/linux/resources/memory/swap",
  ),
  fault(
    "a soft limit above the hard one",
    { linux: { resources: { memory: { limit: 10, reservation: 20 } } } },
    "/linux/resources/memory/reservation",
  ),
  fault(
    "a swappiness out of range",
    { linux: { resources: { memory: { swappiness: 200 } } } },
    "/linux/resources/memory/swappiness",
  ),
  fault(
    "a burst above its quota",
    { ociVersion: "1.1.0", linux: { resources: { cpu: { quota: 10, burst: 20 } } } },
    "/linux/resources/cpu/burst",
  ),
  fault(
    "real time above its period",
    { linux: { resources: { cpu: { realtimeRuntime: 3, realtimePeriod: 2 } } } },
    "/linux/resources/cpu/realtimeRuntime",
  ),
  fault(
    "a limit of processes that is missing",
    { linux: { resources: { pids: { limit: null } } } },
    "/linux/resources/pids",
  ),
  fault(
    "a device rule of no type",
    { linux: { resources: { devices: [{ allow: true, type: "x" }] } } },
    "/linux/resources/devices/0/type",
  ),
  fault(
    "a device rule of no access",
    { linux: { resources: { devices: [{ allow: true, access: "rx" }] } } },
    "/linux/resources/devices/0/access",
  ),
  fault(
    "a device rule that says nothing",
    { linux: { resources: { devices: [{ type: "a" }] } } },
    "/linux/resources/devices/0",
  ),
  fault(
    "a weight out of range",
    { linux: { resources: { blockIO: { weight: 5 } } } },
    "/linux/resources/blockIO/weight",
  ),
  fault(
    "a weight of a device that is missing",
    { linux: { resources: { blockIO: { weightDevice: [{ major: 1, minor: 1 }] } } } },
    "/linux/resources/blockIO/weightDevice/0",
  ),
  fault(
    "a page size that is none",
    { linux: { resources: { hugepageLimits: [{ pageSize: "2mb", limit: 1 }] } } },
    "/linux/resources/hugepageLimits/0/pageSize",
  ),
  fault(
    "a limit of RDMA that limits nothing",
    { linux: { resources: { rdma: { mlx: {} } } } },
    "/linux/resources/rdma/mlx",
  ),
  fault("a seccomp filter without a default", { linux: { seccomp: {} } }, "/linux/seccomp"),
  fault(
    "a seccomp action that is none",
    { linux: { seccomp: { defaultAction: "ALLOW" } } },
    "/linux/seccomp/defaultAction",
  ),
  fault(
    "a system call without a name",
    {
      linux: {
        seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_KILL" }] },
      },
    },
    "/linux/seccomp/syscalls/0/names",
  ),
  fault(
    "a seventh argument",
    {
      linux: {
        seccomp: {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [
            { names: ["a"], action: "SCMP_ACT_KILL", args: [{ index: 6, value: 1, op: "SCMP_CMP_EQ" }] },
          ],
        },
      },
    },
    "/linux/seccomp/syscalls/0/args/0/index",
  ),
  fault(
    "an error of an action that has none",
    {
      linux: {
        seccomp: {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{ names: ["a"], action: "SCMP_ACT_KILL", errnoRet: 1 }],
        },
      },
    },
    "/linux/seccomp/syscalls/0/errnoRet",
  ),
  fault(
    "what is told to nobody",
    { ociVersion: "1.1.0", linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x" } } },
    "/linux/seccomp/listenerMetadata",
  ),
  refused(
    "a hook that is relative",
    { hooks: { createRuntime: [{ path: "sh" }] } },
    "/hooks/createRuntime/0/path",
  ),
  refused(
    "a hook that is not there",
    { hooks: { createRuntime: [{ path: "/no/such" }] } },
    "/hooks/createRuntime/0/path",
  ),
  fault(
    "a hook that cannot be executed",
    { hooks: { poststop: [{ path: "/etc/passwd" }] } },
    "/hooks/poststop/0/path",
  ),
  fault(
    "a hook that is not in the container",
    { hooks: { startContainer: [{ path: "/no/such" }] } },
    "/hooks/startContainer/0/path",
  ),
  fault(
    "a hook without time",
    { hooks: { poststop: [{ path: "/bin/sh", timeout: 0 }] } },
    "/hooks/poststop/0/timeout",
  ),
  fault(
    "a hook with a variable that is none",
    { hooks: { poststop: [{ path: "/bin/sh", env: ["A"] }] } },
    "/hooks/poststop/0/env/0",
  ),
  fault("a hook of an old kind", { hooks: { prestart: [{ path: "/bin/sh" }] } }, "warning /hooks/prestart"),
  refused("an annotation that is a number", { annotations: { a: 1 } }, "/annotations/a"),
  fault("an annotation without a name", { annotations: { "": "x" } }, "/annotations/"),
  fault("another system's part", { windows: {} }, "warning /windows"),
  refused("a part that is no object", { linux: [] }, "/linux"),
  refused(
    "a part that is null",
    (config) => Object.assign(config, { process: null }),
    "/process",
    "/process/args",
  ),
];

function add(config: Record<string, Json>, list: string, item: Json): void {
  (config as { linux: Record<string, Json[]> }).linux[list]?.push(item);
}

/** The sound configuration with the change. */
function changed(change: Fault["change"]): unknown {
  const config = plainConfig();
  if (typeof change !== "function") return mergePatch(config, change);
  change(config);
  return config;
}

const bundle = (): string => scratch("bundle");

beforeAll(() => {
  mkdirSync(scratch("bundle/rootfs/bin"), { recursive: true });
  for (const folder of ["etc", "proc", "dev", "sys"]) mkdirSync(scratch("bundle/rootfs", folder));
  mkdirSync(scratch("bundle/other/bin"), { recursive: true });
  for (const root of ["rootfs", "other"]) {
    copyFileSync(findOracle("busybox") ?? process.execPath, scratch("bundle", root, "bin/sh"));
    chmodSync(scratch("bundle", root, "bin/sh"), 0o755);
  }
  writeFileSync(scratch("bundle/rootfs/etc/passwd"), "root:x:0:0::/:/bin/sh\n");
  symlinkSync("circle", scratch("bundle/rootfs/circle"));
  symlinkSync("/", scratch("bundle/out"));
  writeFileSync(scratch("bundle/file"), "");
});

function write(config: unknown): void {
  writeFileSync(scratch("bundle/config.json"), typeof config === "string" ? config : JSON.stringify(config));
}

async function findings(): Promise<readonly string[]> {
  return (await validateBundle(bundle())).findings.map(({ severity, path }) => `${severity} ${path}`);
}

describe("a fault is found, and nothing beside it", () => {
  for (const { what, change, found } of FAULTS) {
    test(what, async () => {
      write(changed(change));
      expect((await findings()).toSorted()).toEqual(
        found.map((each) => each.replace(/ \/$/, " ")).toSorted(),
      );
    });
  }

  test("with what is wrong and what says so", async () => {
    write(changed({ process: { cwd: "tmp" } }));
    expect((await validateBundle(bundle())).findings).toEqual([
      {
        severity: "error",
        path: "/process/cwd",
        message: '"tmp" is relative',
        spec: "config.md, Process: this value MUST be an absolute path",
      },
    ]);
  });

  test("where there is no document", async () => {
    for (const text of ["", "{", "[]", "1", '\ufeff{"ociVersion": "1.0.2"}', "{} {}", "[".repeat(100_000)]) {
      write(text);
      expect(await findings()).toEqual(["error "]);
    }
    writeFileSync(scratch("bundle/config.json"), Buffer.from([0x22, 0xff, 0x22]));
    expect(await findings()).toEqual(["error "]);
    rmSync(scratch("bundle/config.json"));
    expect(await findings()).toEqual(["error "]);
    for (const command of ["ln -s /dev/zero", "mkfifo", "truncate -s 100G"]) {
      runOk("sh", ["-ec", `${command} "$1"`, "-", scratch("bundle/config.json")]);
      expect(await findings()).toEqual(["error "]);
      rmSync(scratch("bundle/config.json"));
    }
    await expectError(validateBundle(scratch("nowhere")), "E_IMAGE_NOT_FOUND", "there is no such folder");
    await expectError(validateBundle(scratch("bundle/file")), "E_IMAGE_NOT_FOUND", "is no folder");
  });

  testWith(["node"], "where a string has no end, under Node without trying each quote in it", async () => {
    const document = join(import.meta.dir, "../../src/bundle/json-document.ts");
    runOk(process.execPath, ["build", "--target", "node", "--outfile", scratch("document.mjs"), document]);
    const script = `import { parseDocument } from ${JSON.stringify(scratch("document.mjs"))};
      for (const end of ["", "\\\\"]) {
        console.log(parseDocument(Buffer.from('"' + '\\\\"'.repeat(2_000_000) + end)));
      }`;
    const said = runOk("node", ["--input-type=module", "-e", script]);
    expect(said.match(/is not JSON/g)).toHaveLength(2);
  });

  test("in names that are there twice", async () => {
    const text = JSON.stringify(plainConfig()).replace('"cwd"', '"c\\u0077d":"/x","cwd"');
    write(text.replace('"mounts":[{', '"mounts":[{"source":"a",'));
    expect(await findings()).toEqual(["warning /process/cwd", "warning /mounts/0/source"]);
  });
});

testWith(["runc", "busybox"], "what is said to be refused runc refuses", () => {
  write(plainConfig());
  expect(runBundle("runc", bundle())).toMatchObject({ status: 0 });
  const taken = FAULTS.filter((each) => each.refused).filter(({ change }) => {
    write(changed(change));
    return runBundle("runc", bundle()).status === 0;
  });
  expect(taken.map(({ what }) => what)).toEqual([]);
});

describe("the bundles of others are without fault", () => {
  testWith(["runc"], "as runc spec writes them", async () => {
    for (const args of [[], ["--rootless"]]) {
      rmSync(scratch("bundle/config.json"), { force: true });
      runOk("runc", ["spec", "--bundle", bundle(), ...args]);
      expect(await findings()).toEqual([]);
    }
  });

  testWith(["crun"], "as crun spec writes them", async () => {
    rmSync(scratch("bundle/config.json"), { force: true });
    runOk("crun", ["spec"], { cwd: bundle() });
    expect(await findings()).toEqual([]);
  });

  testWith(["umoci", "chroot", "busybox"], "as umoci unpacks them", async () => {
    const busybox = readFileSync(findOracle("busybox") ?? "");
    buildLayout(scratch("layout"), {
      layers: [
        tar([
          { path: "bin/sh", mode: 0o755, data: busybox },
          { path: "data/x", data: "x" },
        ]),
      ],
      config: { Cmd: ["sh"], Volumes: { "/data": {} }, Labels: { a: "b" }, ExposedPorts: { "1/tcp": {} } },
      tag: "test",
    });
    runOk("umoci", ["unpack", "--image", `${scratch("layout")}:test`, scratch("unpacked")]);
    expect((await validateBundle(scratch("unpacked"))).findings).toEqual([]);
  });
});

test("no document makes the check fall over", () => {
  const files = {
    root: () => ({ usable: true }) as const,
    inContainer: () => undefined,
    onMachine: () => undefined,
  };
  for (const [name, part] of Object.entries(FULL)) {
    for (const odd of [
      null,
      1,
      "x",
      true,
      [],
      [null],
      [[]],
      [{}],
      {},
      { args: 1, namespaces: {}, mounts: [1] },
    ]) {
      checkConfig({ ...FULL, [name]: odd as Json }, files);
      if (typeof part !== "object" || part === null) continue;
      for (const field of Object.keys(part))
        checkConfig({ ...FULL, [name]: { ...part, [field]: odd } as Json }, files);
    }
  }
  for (const odd of [null, 1, "x", [], undefined]) expect(checkConfig(odd, files)).not.toEqual([]);
});

describe("the command", () => {
  test("tells findings and ends with 9, or tells that there are none", async () => {
    write(changed({ process: { cwd: "tmp" } }));
    const { code, stdout, stderr } = await runWith(["bundle", "validate", bundle()]);
    expect([code, stderr]).toEqual([9, expect.stringContaining("1 error found")]);
    expect(stdout).toBe(
      'error: /process/cwd: "tmp" is relative\n  (config.md, Process: this value MUST be an absolute path)\n',
    );
    const asJson = await runWith(["bundle", "validate", bundle(), "--json"]);
    expect([asJson.code, JSON.parse(asJson.stdout)]).toEqual([9, await validateBundle(bundle())]);
    write(changed({ process: { env: ["A=1", "A=1"] } }));
    expect(await runWith(["bundle", "validate", bundle()])).toMatchObject({ code: 0, stderr: "" });
    write(plainConfig());
    const sound = await runWith(["bundle", "validate", bundle()]);
    expect(sound).toMatchObject({ code: 0, stdout: "a bundle of version 1.0.2, without fault\n" });
  });

  test("takes what belongs to it", async () => {
    for (const [args, said] of [
      [["validate"], "no DIR given"],
      [["validate", "a", "b"], "one word too many"],
      [["validate", "a", "--out", "b"], "bundle validate has no option --out"],
      [["create", "a", "--out", "b", "--json"], "bundle create has no option --json"],
      [[], "no action given"],
      [["run"], 'bundle does not take "run"'],
      [["create", "--out", "b"], "no image given"],
      [["create", "x"], "no output folder given"],
      [["create", "x", "--out", "b", "--cpus", "all"], "is no number of processors"],
      [["create", "x", "--out", "b", "--config", join(scratch("nowhere"), "x")], "there is no such file"],
    ] as const) {
      expect(await runWith(["bundle", ...args])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(said),
      });
    }
  });
});
