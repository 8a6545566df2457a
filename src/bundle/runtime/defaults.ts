/** What a container finds around it where nobody says otherwise: as Docker has it (moby, daemon/pkg/oci/defaults.go). */
import type { CapabilitySet, DeviceRule, MountDocument } from "./document.ts";

/** The last that every runtime takes: crun up to 1.8 refuses those above the ones that it knows. */
export const OCI_VERSION = "1.0.2";

export const MOUNTS: readonly MountDocument[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["ro", "nosuid", "noexec", "nodev"],
  },
  {
    destination: "/dev/mqueue",
    type: "mqueue",
    source: "mqueue",
    options: ["nosuid", "noexec", "nodev"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
];

const KEPT = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** Of a user other than root, runtimes take the effective and permitted ones away when the program starts. */
export const CAPABILITIES: Readonly<Record<CapabilitySet, readonly string[]>> = {
  bounding: KEPT,
  effective: KEPT,
  permitted: KEPT,
};

/** None for time: runc before 1.2 does not know it. */
export const NAMESPACES = ["pid", "network", "ipc", "uts", "mount", "cgroup"] as const;

export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** None but null, zero, full, random, urandom, tty, console, ptmx and pseudo-terminals. */
export const DEVICE_RULES: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  ...[3, 5, 7, 8, 9].map((minor) => allowed(1, minor)),
  ...[0, 1, 2].map((minor) => allowed(5, minor)),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

function allowed(major: number, minor: number): DeviceRule {
  return { allow: true, type: "c", major, minor, access: "rwm" };
}
