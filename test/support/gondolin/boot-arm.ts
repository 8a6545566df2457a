/** Boots what was made for arm64, on an emulated processor: Debian's cloud kernel, the image on NVMe or on virtio. */
import { spawn } from "node:child_process";
import { findOracle } from "../oracles.ts";
import { debianKernel } from "./debian.ts";

export interface ArmBoot {
  /** A raw image. It is written to, unless `readOnly`. */
  readonly image: string;
  readonly readOnly?: boolean;
  /** Debian's cloud kernel unless given. */
  readonly kernel?: string;
  readonly initrd?: string;
  /** What the kernel is told besides its console and to switch off when it panics. */
  readonly parameters: string;
  /** How the disk hangs on: "nvme" (/dev/nvme0n1), unless given, is the one that needs no modules. */
  readonly disk?: "nvme" | "virtio-blk-pci";
  /** The machine is stopped once this was on the console; without it the guest is to switch off by itself. */
  readonly until?: string;
  /** 600 s unless given. */
  readonly timeoutMs?: number;
}

/** Boots and returns what was on the console; throws with that where the marker does not come in time. */
export async function bootArm(options: ArmBoot): Promise<string> {
  const { until, timeoutMs = 600_000 } = options;
  const child = spawn(findOracle("qemu-system-aarch64") ?? "qemu-system-aarch64", machine(options));
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let said = "";
  let reached = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (reached || until === undefined || !said.includes(until)) return;
      reached = true;
      child.kill("SIGTERM");
    });
  }
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  clearTimeout(timer);
  if (until === undefined ? status !== 0 : !reached) {
    throw new Error(`QEMU ended with ${status} after saying:\n${said}`);
  }
  return said;
}

function machine(options: ArmBoot): string[] {
  const { image, initrd, parameters, readOnly = false, disk = "nvme" } = options;
  const drive = `file=${image},if=none,id=d0,format=raw,cache=unsafe,readonly=${readOnly ? "on" : "off"}`;
  return [
    // Pointer authentication by the real algorithm is most of what emulating an arm64 costs.
    ...["-M", "virt", "-accel", "tcg", "-cpu", "max,pauth-impdef=on", "-m", "512"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", options.kernel ?? debianKernel("arm64").image],
    ...(initrd === undefined ? [] : ["-initrd", initrd]),
    ...["-drive", drive, "-device", disk === "nvme" ? "nvme,drive=d0,serial=r0" : `${disk},drive=d0`],
    ...["-append", `console=ttyAMA0 panic=-1 ${parameters}`],
  ];
}
