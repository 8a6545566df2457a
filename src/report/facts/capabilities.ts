/** Capabilities of files: include/uapi/linux/capability.h and security/commoncap.c, struct vfs_cap_data. */

/** By their numbers. */
const NAMES = [
  "chown",
  "dac_override",
  "dac_read_search",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setpcap",
  "linux_immutable",
  "net_bind_service",
  "net_broadcast",
  "net_admin",
  "net_raw",
  "ipc_lock",
  "ipc_owner",
  "sys_module",
  "sys_rawio",
  "sys_chroot",
  "sys_ptrace",
  "sys_pacct",
  "sys_admin",
  "sys_boot",
  "sys_nice",
  "sys_resource",
  "sys_time",
  "sys_tty_config",
  "mknod",
  "lease",
  "audit_write",
  "audit_control",
  "setfcap",
  "mac_override",
  "mac_admin",
  "syslog",
  "wake_alarm",
  "block_suspend",
  "audit_read",
  "perfmon",
  "bpf",
  "checkpoint_restore",
];

export const CAPABILITY_XATTR = "security.capability";

const VFS_CAP_REVISION_MASK = 0xff000000;
const VFS_CAP_REVISION_1 = 0x01000000;
const VFS_CAP_REVISION_2 = 0x02000000;
const VFS_CAP_REVISION_3 = 0x03000000;
const VFS_CAP_FLAGS_EFFECTIVE = 1;
/** Words of permitted and inheritable sets, by revision. */
const WORDS = new Map([
  [VFS_CAP_REVISION_1, 1],
  [VFS_CAP_REVISION_2, 2],
  [VFS_CAP_REVISION_3, 2],
]);

/** As getcap(8) writes the attribute's value: "cap_net_admin,cap_net_raw=ep"; what is none is told as such. */
export function capabilityText(value: Uint8Array): string {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const head = value.length < 4 ? 0 : view.getUint32(0, true);
  const words = WORDS.get((head & VFS_CAP_REVISION_MASK) >>> 0);
  if (words === undefined || value.length < 4 + words * 8) return "not readable";
  const isEffective = (head & VFS_CAP_FLAGS_EFFECTIVE) !== 0;
  const byFlags = new Map<string, string[]>();
  for (let number = 0; number < words * 32; number++) {
    const at = 4 + Math.floor(number / 32) * 8;
    const isIn = (offset: number): boolean =>
      ((view.getUint32(at + offset, true) >>> (number % 32)) & 1) !== 0;
    const [permitted, inheritable] = [isIn(0), isIn(4)];
    if (!permitted && !inheritable) continue;
    const flags = `${isEffective ? "e" : ""}${inheritable ? "i" : ""}${permitted ? "p" : ""}`;
    const names = byFlags.get(flags) ?? [];
    byFlags.set(flags, names);
    names.push(`cap_${NAMES[number] ?? number}`);
  }
  return [...byFlags].map(([flags, names]) => `${names.join(",")}=${flags}`).join(" ");
}
