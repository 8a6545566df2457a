/** Boots an image with a real kernel: QEMU without acceleration, Debian's cloud kernel, the image on NVMe. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { findOracle, runOk } from "./oracles.ts";
import { withTemporaryFolder } from "./temporary.ts";

/** ext4 and NVMe are built into the cloud kernel, so that it needs no initramfs. */
const KERNEL_PACKAGE = "linux-image-cloud-amd64";

/** The kernel's path. */
export function cloudKernel(): string {
  const folder = cloudKernelFolder();
  const kernel = readdirSync(join(folder, "boot")).find((file) => file.startsWith("vmlinuz-"));
  return join(folder, "boot", kernel ?? "vmlinuz");
}

/**
 * The package with the kernel, unpacked. It is fetched once and not installed: one with maintainer scripts has no place
 * in a test.
 */
export function cloudKernelFolder(): string {
  return cachedFolder("kernel-amd64", (unpacked) => {
    withTemporaryFolder((debs) => {
      // The meta package names the one with the kernel.
      const depends = runOk("apt-cache", ["depends", KERNEL_PACKAGE]);
      const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1] ?? KERNEL_PACKAGE;
      runOk("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", name], { cwd: debs });
      const deb = readdirSync(debs).find((file) => file.endsWith(".deb")) ?? "";
      runOk("dpkg-deb", ["-x", join(debs, deb), unpacked]);
    });
  });
}

export interface BootOptions {
  /** An initramfs, which is then what mounts the image. */
  readonly initrd?: string;
  /** What is typed once a shell asks for it. */
  readonly typed?: string;
  /** QEMU's -M; "pc" unless given. */
  readonly machine?: string;
  /** The device that the image is; NVMe unless given, as /dev/nvme0n1, which is then the root. */
  readonly disk?: string;
  /** Further arguments of QEMU's. */
  readonly devices?: readonly string[];
  /** A command of QEMU's monitor that is given once this was said. */
  readonly command?: { readonly after: string; readonly text: string };
  /** What QEMU is to end with; 0 unless given. */
  readonly status?: number;
}

/** What busybox's shell says when it waits for a line. */
const PROMPT = "/ # ";

/** Boots until the machine switches itself off and returns what was said on the console. The image is written to. */
export async function boot(
  image: string,
  parameters: string,
  {
    initrd,
    typed,
    machine = "pc",
    disk = "nvme,serial=r0",
    devices = [],
    command,
    status: expected = 0,
  }: BootOptions = {},
): Promise<string> {
  const monitor = `${image}.monitor`;
  const child = spawn(findOracle("qemu-system-x86_64") ?? "qemu-system-x86_64", [
    ...["-M", machine, "-accel", "tcg", "-cpu", "max", "-m", "512"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", cloudKernel(), ...(initrd === undefined ? [] : ["-initrd", initrd])],
    ...["-drive", `file=${image},if=none,id=d0,format=raw,cache=unsafe`, "-device", `${disk},drive=d0`],
    ...(command === undefined ? [] : ["-monitor", `unix:${monitor},server=on,wait=off`]),
    ...devices,
    // On a busy machine the emulated timer is late, and the kernel would give up on it.
    ...["-append", `console=ttyS0 panic=-1 no_timer_check root=/dev/nvme0n1 rootfstype=ext4 ${parameters}`],
  ]);
  const timer = setTimeout(() => child.kill("SIGKILL"), 600_000);
  let said = "";
  let toType = typed;
  let toCommand = command;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (toCommand !== undefined && said.includes(toCommand.after)) {
        connect(monitor).end(`${toCommand.text}\n`);
        toCommand = undefined;
      }
      if (toType === undefined || !said.includes(PROMPT)) return;
      child.stdin.write(toType);
      toType = undefined;
    });
  }
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  clearTimeout(timer);
  if (status !== expected) throw new Error(`QEMU ended with ${status} after saying:\n${said}`);
  return said;
}
