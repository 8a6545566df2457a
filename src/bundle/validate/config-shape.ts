/** config.json as the runtime specification has it, up to 1.2: config.md. */

import { ID_MAPPINGS } from "./id-mapping-shape.ts";
import { LINUX } from "./linux-shape.ts";
import {
  FLAG,
  INT32,
  INT64,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  type Shape,
  since,
  TEXT,
  TEXTS,
  UINT32,
  UINT64,
} from "./shape.ts";
import type { Version } from "./version.ts";

const V1_1: Version = [1, 1, 0];
const V1_2_1: Version = [1, 2, 1];

const HOOK = objectOf(
  "config.md, POSIX-platform Hooks",
  { path: TEXT, args: TEXTS, env: TEXTS, timeout: { kind: "integer", least: 1, most: 2 ** 63 } },
  ["path"],
);

const HOOKS = objectOf("config.md, POSIX-platform Hooks", {
  prestart: listOf(HOOK),
  createRuntime: listOf(HOOK),
  createContainer: listOf(HOOK),
  startContainer: listOf(HOOK),
  poststart: listOf(HOOK),
  poststop: listOf(HOOK),
});

const MOUNT = objectOf(
  "config.md, Mounts",
  {
    destination: TEXT,
    source: TEXT,
    type: TEXT,
    options: TEXTS,
    uidMappings: since(V1_1, ID_MAPPINGS),
    gidMappings: since(V1_1, ID_MAPPINGS),
  },
  ["destination"],
);

const RLIMIT = objectOf(
  "config.md, POSIX process",
  { type: { kind: "string", pattern: /^RLIMIT_[A-Z]+$/ }, soft: UINT64, hard: UINT64 },
  ["type", "soft", "hard"],
);

const CAPABILITIES = objectOf("config.md, Linux Process", {
  bounding: TEXTS,
  permitted: TEXTS,
  effective: TEXTS,
  inheritable: TEXTS,
  ambient: TEXTS,
});

const SCHEDULER = objectOf(
  "config.md, Linux Process",
  {
    policy: oneOf(
      "SCHED_OTHER",
      "SCHED_FIFO",
      "SCHED_RR",
      "SCHED_BATCH",
      "SCHED_ISO",
      "SCHED_IDLE",
      "SCHED_DEADLINE",
    ),
    nice: INT32,
    priority: INT32,
    flags: listOf(
      oneOf(
        "SCHED_FLAG_RESET_ON_FORK",
        "SCHED_FLAG_RECLAIM",
        "SCHED_FLAG_DL_OVERRUN",
        "SCHED_FLAG_KEEP_POLICY",
        "SCHED_FLAG_KEEP_PARAMS",
        "SCHED_FLAG_UTIL_CLAMP_MIN",
        "SCHED_FLAG_UTIL_CLAMP_MAX",
      ),
    ),
    runtime: UINT64,
    deadline: UINT64,
    period: UINT64,
  },
  ["policy"],
);

const IO_PRIORITY = objectOf(
  "config.md, Linux Process",
  { class: oneOf("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"), priority: INT32 },
  ["class"],
);

const CPUS: Shape = { kind: "string", pattern: /^[0-9, -]*$/ };

const PROCESS = objectOf(
  "config.md, Process",
  {
    terminal: FLAG,
    consoleSize: objectOf("config.md, Process", { height: UINT64, width: UINT64 }, ["height", "width"]),
    cwd: TEXT,
    env: TEXTS,
    args: TEXTS,
    commandLine: TEXT,
    user: objectOf("config.md, POSIX-platform User", {
      uid: UINT32,
      gid: UINT32,
      umask: UINT32,
      additionalGids: listOf(UINT32),
      username: TEXT,
    }),
    rlimits: listOf(RLIMIT),
    apparmorProfile: TEXT,
    capabilities: CAPABILITIES,
    noNewPrivileges: FLAG,
    oomScoreAdj: INT64,
    selinuxLabel: TEXT,
    scheduler: since(V1_1, SCHEDULER),
    ioPriority: since(V1_1, IO_PRIORITY),
    execCPUAffinity: since(V1_2_1, objectOf("config.md, Linux Process", { initial: CPUS, final: CPUS })),
  },
  ["cwd"],
);

/** Of other systems: only that they are objects. */
const ELSEWHERE = objectOf("config.md, Platform-specific configuration", {});

export const OTHER_SYSTEMS = ["solaris", "windows", "vm", "zos", "freebsd"] as const;

export const CONFIG = objectOf(
  "config.md",
  {
    ociVersion: TEXT,
    root: objectOf("config.md, Root", { path: TEXT, readonly: FLAG }, ["path"]),
    mounts: listOf(MOUNT),
    process: PROCESS,
    hostname: TEXT,
    domainname: since(V1_1, TEXT),
    hooks: HOOKS,
    annotations: mapOf(TEXT),
    linux: LINUX,
    ...Object.fromEntries(OTHER_SYSTEMS.map((name) => [name, ELSEWHERE])),
  },
  ["ociVersion"],
);
