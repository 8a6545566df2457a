/**
 * What a guest of Gondolin 0.12 must have, besides a kernel: found in its two init scripts (alpine/init-scripts.ts)
 * and in what its host runs in the guest (vm/core.ts, vm/fs.ts). Facts alone; what follows from them is elsewhere.
 */

/** All that this program puts below one folder in an image. */
export const OWN_FOLDER = "/usr/lib/docker2vm/gondolin";

/** The guest's programs. They are static; of older assets some are missing, but never the first. */
export const HELPERS = [
  "/usr/bin/sandboxd",
  "/usr/bin/sandboxfs",
  "/usr/bin/sandboxssh",
  "/usr/bin/sandboxingress",
];

/**
 * Folders that the init scripts and the host's default mounts need: /init ends where it cannot make one of its own,
 * as with a read-only root filesystem. The initramfs's script needs the first four and /etc in the root filesystem.
 */
export const MOUNT_POINTS: readonly { readonly path: string; readonly mode?: number }[] = [
  { path: "/proc" },
  { path: "/sys" },
  { path: "/dev" },
  { path: "/run" },
  { path: "/tmp", mode: 0o1777 },
  { path: "/root", mode: 0o700 },
  { path: "/home" },
  { path: "/var/tmp", mode: 0o1777 },
  { path: "/var/cache" },
  { path: "/var/log" },
  { path: "/data" },
  { path: "/etc/gondolin" },
];

/**
 * Where /init says what it does, if it is there when the script begins, before /dev is mounted. Without it /init says
 * it on what it was started with, and only once: a shell that a signal interrupts there (busybox's, by the end of the
 * rngd that the image lacks) counts that as failed, and a failed line ends /init and thereby the guest.
 */
export const CONSOLE = { path: "/dev/console", mode: 0o600, major: 5, minor: 1 };

/** Where /init mounts an empty tmpfs, whatever the image has there. */
export const EMPTIED_FOLDERS = ["/run", "/tmp", "/root", "/var/tmp", "/var/cache", "/var/log"];

export interface Command {
  readonly name: string;
  /** Where it must be, for those who call it by its path. */
  readonly path?: string;
  /** Whether no guest works without it. */
  readonly required: boolean;
  readonly usedBy: string;
}

const INIT = "/init";
const HOST = "the host's vm.exec and vm.fs";
const LEASES = "udhcpc's script";

export const COMMANDS: readonly Command[] = [
  { name: "sh", path: "/bin/sh", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "mkdir", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "mount", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "cat", required: true, usedBy: `${INIT}, ${LEASES}` },
  { name: "basename", required: true, usedBy: INIT },
  { name: "printf", required: true, usedBy: INIT },
  { name: "tr", required: true, usedBy: INIT },
  { name: "mknod", required: true, usedBy: INIT },
  { name: "chmod", required: true, usedBy: `${INIT}, ${LEASES}` },
  { name: "ln", required: true, usedBy: INIT },
  { name: "grep", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "seq", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "sleep", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "cp", required: true, usedBy: INIT },
  { name: "ls", path: "/bin/ls", required: true, usedBy: `${INIT}, ${HOST}` },
  { name: "stat", required: true, usedBy: HOST },
  { name: "mv", required: true, usedBy: `${HOST}, ${LEASES}` },
  { name: "rm", required: true, usedBy: HOST },
  { name: "sync", required: true, usedBy: HOST },
];

/** For a guest whose network is not set up before its root filesystem is mounted. */
export const NETWORK_COMMANDS: readonly Command[] = [
  { name: "ip", required: true, usedBy: `${INIT}, ${LEASES}` },
  { name: "udhcpc", required: true, usedBy: INIT },
  { name: "head", required: false, usedBy: LEASES },
  { name: "cut", required: false, usedBy: LEASES },
];

/** Where /init looks for udhcpc's script. */
export const LEASE_SCRIPTS = ["/usr/share/udhcpc/default.script", "/sbin/udhcpc.script"];

/**
 * Kernel modules that nothing loads by name: the kernel has them loaded when a program needs them. udhcpc sends its
 * first packets through packet sockets.
 */
export const MODULES_ON_DEMAND = ["af_packet"];
