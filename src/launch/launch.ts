/** Ready files for machine monitors: facts in, texts out. */
import { cloudHypervisor } from "./cloud-hypervisor.ts";
import { crosvm } from "./crosvm.ts";
import type { LaunchFacts } from "./facts.ts";
import { firecracker } from "./firecracker.ts";
import type { LaunchFile } from "./launch-file.ts";
import { libvirt } from "./libvirt.ts";
import type { Monitor } from "./monitors.ts";
import { qemu } from "./qemu.ts";

const LAUNCHERS: Readonly<Record<Monitor, (facts: LaunchFacts) => LaunchFile>> = {
  firecracker,
  "cloud-hypervisor": cloudHypervisor,
  qemu,
  libvirt,
  crosvm,
};

/** Throws E_USAGE for what no kernel's command line can hold. */
export function launchFile(monitor: Monitor, facts: LaunchFacts): LaunchFile {
  return LAUNCHERS[monitor](facts);
}
