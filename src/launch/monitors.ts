/** The machine monitors that files are made for. */
import { Docker2vmError } from "../errors.ts";

/** In the order in which their files are made. */
export const MONITORS = ["firecracker", "cloud-hypervisor", "qemu", "libvirt", "crosvm"] as const;
/** The machine monitors that files are made for. */
export type Monitor = (typeof MONITORS)[number];

/** What the file of each is called, beside the image. */
export const FILE_NAMES: Readonly<Record<Monitor, string>> = {
  firecracker: "firecracker.json",
  "cloud-hypervisor": "cloud-hypervisor.sh",
  qemu: "qemu.sh",
  libvirt: "libvirt.xml",
  crosvm: "crosvm.sh",
};

/** Those that are named, each once, in the list's order. Throws E_USAGE for what is none, and for none at all. */
export function checkMonitors(names: readonly string[]): readonly Monitor[] {
  const unknown = names.find((name) => !MONITORS.some((monitor) => monitor === name));
  if (unknown !== undefined || names.length === 0) {
    throw new Docker2vmError(
      "E_USAGE",
      `${JSON.stringify(unknown ?? "")} is no machine monitor that files are made for`,
      { hint: `name some of ${MONITORS.join(",")}` },
    );
  }
  return MONITORS.filter((monitor) => names.includes(monitor));
}
