/** `linux.resources`: config-linux.md, Control groups. */
import {
  FLAG,
  INT64,
  listOf,
  mapOf,
  objectOf,
  type Shape,
  since,
  TEXT,
  UINT16,
  UINT32,
  UINT64,
} from "./shape.ts";
import type { Version } from "./version.ts";

const V1_1: Version = [1, 1, 0];
const BLOCK_IO = "config-linux.md, Block IO";

const THROTTLE = listOf(objectOf(BLOCK_IO, { major: INT64, minor: INT64, rate: UINT64 }, ["major", "minor"]));

const DEVICES = listOf(
  objectOf(
    "config-linux.md, Allowed Device list",
    { allow: FLAG, type: TEXT, major: INT64, minor: INT64, access: TEXT },
    ["allow"],
  ),
);

const MEMORY = objectOf("config-linux.md, Memory", {
  limit: INT64,
  reservation: INT64,
  swap: INT64,
  kernel: INT64,
  kernelTCP: INT64,
  swappiness: UINT64,
  disableOOMKiller: FLAG,
  useHierarchy: FLAG,
  checkBeforeUpdate: since(V1_1, FLAG),
});

const CPU = objectOf("config-linux.md, CPU", {
  shares: UINT64,
  quota: INT64,
  burst: since(V1_1, UINT64),
  period: UINT64,
  realtimeRuntime: INT64,
  realtimePeriod: UINT64,
  cpus: TEXT,
  mems: TEXT,
  idle: since(V1_1, INT64),
});

const WEIGHTS: Readonly<Record<string, Shape>> = { weight: UINT16, leafWeight: UINT16 };

const BLOCK_IO_LIMITS = objectOf(BLOCK_IO, {
  ...WEIGHTS,
  weightDevice: listOf(objectOf(BLOCK_IO, { major: INT64, minor: INT64, ...WEIGHTS }, ["major", "minor"])),
  throttleReadBpsDevice: THROTTLE,
  throttleWriteBpsDevice: THROTTLE,
  throttleReadIOPSDevice: THROTTLE,
  throttleWriteIOPSDevice: THROTTLE,
});

const HUGE_PAGES = listOf(
  objectOf(
    "config-linux.md, Huge page limits",
    { pageSize: { kind: "string", pattern: /^[1-9][0-9]*[KMG]B$/ }, limit: UINT64 },
    ["pageSize", "limit"],
  ),
);

const NETWORK = objectOf("config-linux.md, Network", {
  classID: UINT32,
  priorities: listOf(
    objectOf("config-linux.md, Network", { name: TEXT, priority: UINT32 }, ["name", "priority"]),
  ),
});

export const RESOURCES = objectOf("config-linux.md, Control groups", {
  devices: DEVICES,
  memory: MEMORY,
  cpu: CPU,
  blockIO: BLOCK_IO_LIMITS,
  hugepageLimits: HUGE_PAGES,
  network: NETWORK,
  pids: objectOf("config-linux.md, PIDs", { limit: INT64 }, ["limit"]),
  rdma: mapOf(objectOf("config-linux.md, RDMA", { hcaHandles: UINT32, hcaObjects: UINT32 })),
  unified: since(V1_1, mapOf(TEXT)),
});
