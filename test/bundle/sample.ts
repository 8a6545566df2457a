/** A configuration with nearly every field that version 1.0 has, for tests to change. */
import type { Json } from "../../src/bundle/merge-patch.ts";
import { runtimeConfig } from "../../src/bundle/runtime/runtime-config.ts";

/** What is written for a root filesystem with /bin/sh alone. */
export function plainConfig(): Record<string, Json> {
  const document = runtimeConfig({
    image: undefined,
    overrides: { entrypoint: ["/bin/sh", "-c", "true"], env: ["PATH=/bin"] },
    accounts: { passwd: "", group: "" },
    rootPath: "rootfs",
    terminal: false,
    readOnly: false,
    resources: { memory: 2 ** 26, cpus: 1, pids: 10 },
    rootless: undefined,
    warn: () => undefined,
  });
  return JSON.parse(JSON.stringify(document));
}

/** Each field once, of a type that it may have. */
export const FULL: Readonly<Record<string, Json>> = {
  ociVersion: "1.0.2",
  hostname: "box",
  root: { path: "rootfs", readonly: true },
  annotations: { "com.example.key": "value" },
  mounts: [{ destination: "/proc", type: "proc", source: "proc", options: ["nosuid"] }],
  hooks: {
    createRuntime: [{ path: "/bin/sh", args: ["sh"], env: ["A=1"], timeout: 3 }],
    poststop: [{ path: "/bin/sh" }],
  },
  process: {
    terminal: true,
    consoleSize: { height: 25, width: 80 },
    cwd: "/",
    env: ["PATH=/bin"],
    args: ["/bin/sh"],
    user: { uid: 1, gid: 2, umask: 18, additionalGids: [3] },
    rlimits: [{ type: "RLIMIT_CORE", soft: 1, hard: 2 }],
    apparmorProfile: "a",
    selinuxLabel: "b",
    oomScoreAdj: 5,
    noNewPrivileges: true,
    capabilities: { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], ambient: [] },
  },
  linux: {
    devices: [{ type: "c", path: "/dev/x", major: 1, minor: 2, fileMode: 438, uid: 0, gid: 0 }],
    uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
    namespaces: [{ type: "user" }, { type: "uts" }, { type: "network", path: "/proc/1/ns/net" }],
    cgroupsPath: "a/b",
    rootfsPropagation: "slave",
    mountLabel: "c",
    maskedPaths: ["/proc/kcore"],
    readonlyPaths: ["/proc/sys"],
    sysctl: { "net.core.somaxconn": "256" },
    personality: { domain: "LINUX32", flags: [] },
    intelRdt: { closID: "d", l3CacheSchema: "L3:0=3", memBwSchema: "MB:0=20" },
    seccomp: {
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64"],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [
        {
          names: ["getcwd"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: 1,
          args: [{ index: 0, value: 1, valueTwo: 2, op: "SCMP_CMP_EQ" }],
        },
      ],
    },
    resources: {
      devices: [{ allow: false, type: "a", major: 1, minor: 2, access: "rwm" }],
      memory: {
        limit: 4096,
        reservation: 4096,
        swap: 8192,
        swappiness: 1,
        disableOOMKiller: true,
        useHierarchy: false,
      },
      cpu: {
        shares: 2,
        quota: 10000,
        period: 100000,
        realtimeRuntime: 1,
        realtimePeriod: 2,
        cpus: "0",
        mems: "0",
      },
      pids: { limit: 3 },
      blockIO: {
        weight: 10,
        leafWeight: 20,
        weightDevice: [{ major: 8, minor: 0, weight: 500 }],
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
      },
      hugepageLimits: [{ pageSize: "2MB", limit: 1 }],
      network: { classID: 1, priorities: [{ name: "eth0", priority: 5 }] },
      rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 4 } },
      unified: { "memory.max": "1" },
    },
  },
};
