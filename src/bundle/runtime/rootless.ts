/** Containers that a user without rights starts: what such a user can give them. */

import { NAMESPACES } from "./defaults.ts";
import type { IdMapping, MountDocument } from "./document.ts";

/** Whose bundle it is: root in the container is this user, and there is nobody else. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** One of their own would have no network at all; the user namespace is what gives them rights in the others. */
export const ROOTLESS_NAMESPACES: readonly string[] = [
  ...NAMESPACES.filter((type) => type !== "network" && type !== "cgroup"),
  "user",
];

/** Without rights a process may map its own id alone (user_namespaces(7)). */
export function onlyId(hostID: number): readonly IdMapping[] {
  return [{ containerID: 0, hostID, size: 1 }];
}

/**
 * The host's /sys in place of a new one, which takes a network namespace of one's own, cgroups as they are there, and no
 * options with ids that are not mapped.
 */
export function rootlessMounts(mounts: readonly MountDocument[]): readonly MountDocument[] {
  const sys: MountDocument = {
    destination: "/sys",
    type: "none",
    source: "/sys",
    options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
  };
  return mounts
    .filter(({ destination }) => destination !== "/sys/fs/cgroup")
    .map((mount) => (mount.destination === "/sys" ? sys : mount))
    .map((mount) => ({ ...mount, options: mount.options.filter((option) => !/^[ug]id=/.test(option)) }));
}
