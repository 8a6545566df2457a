/** The `linux` object of config.json, up to 1.2: config-linux.md. */
import { ID_MAPPINGS } from "./id-mapping-shape.ts";
import { RESOURCES } from "./resources-shape.ts";
import { SECCOMP } from "./seccomp-shape.ts";
import {
  FLAG,
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
} from "./shape.ts";
import type { Version } from "./version.ts";

const V1_1: Version = [1, 1, 0];

const NAMESPACE_TYPES = ["mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"] as const;

const NAMESPACE = objectOf("config-linux.md, Namespaces", { type: oneOf(...NAMESPACE_TYPES), path: TEXT }, [
  "type",
]);

const FILE_MODE: Shape = { kind: "integer", least: 0, most: 0o777 };

const DEVICE = objectOf(
  "config-linux.md, Devices",
  {
    type: { kind: "string", pattern: /^[cbup]$/ },
    path: TEXT,
    major: INT64,
    minor: INT64,
    fileMode: FILE_MODE,
    uid: UINT32,
    gid: UINT32,
  },
  ["type", "path"],
);

const INTEL_RDT = objectOf("config-linux.md, IntelRdt", {
  closID: TEXT,
  schemata: TEXTS,
  l3CacheSchema: TEXT,
  memBwSchema: { kind: "string", pattern: /^MB:[^\n]*$/ },
  enableMonitoring: FLAG,
});

const TIME_OFFSET = objectOf("config-linux.md, Time offsets", { secs: INT64, nanosecs: UINT32 });

export const LINUX = objectOf("config-linux.md", {
  devices: listOf(DEVICE),
  uidMappings: ID_MAPPINGS,
  gidMappings: ID_MAPPINGS,
  namespaces: listOf(NAMESPACE),
  resources: RESOURCES,
  cgroupsPath: TEXT,
  rootfsPropagation: oneOf("private", "shared", "slave", "unbindable"),
  seccomp: SECCOMP,
  sysctl: mapOf(TEXT),
  maskedPaths: TEXTS,
  readonlyPaths: TEXTS,
  mountLabel: TEXT,
  intelRdt: INTEL_RDT,
  personality: objectOf("config-linux.md, Personality", {
    domain: oneOf("LINUX", "LINUX32"),
    flags: TEXTS,
  }),
  timeOffsets: since(
    V1_1,
    objectOf("config-linux.md, Time offsets", { boottime: TIME_OFFSET, monotonic: TIME_OFFSET }),
  ),
});
