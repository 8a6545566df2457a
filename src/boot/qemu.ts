/** QEMU's command line for a machine that is booted here, its console on standard input and output. */
import { isAbsolute } from "node:path";
import { isReadOnly, type LaunchFacts } from "../launch/facts.ts";
import { commandLine, kernelWords } from "../launch/kernel-command-line.ts";
import { BARE, driveOption, EMULATORS } from "../launch/qemu.ts";
import type { Accelerator } from "./accelerator.ts";
import type { Disk } from "./way.ts";

export interface BootedMachine extends Omit<LaunchFacts, "name" | "folder"> {
  /** The image's path. */
  readonly image: string;
  readonly disk: Disk;
  readonly accelerator: Accelerator["name"];
  /** Path of the socket on which QEMU's monitor listens. */
  readonly monitor: string;
  /** Whether the kernel tells what it does. */
  readonly verbose: boolean;
  /** More words for the kernel. */
  readonly words: readonly string[];
  /** In place of the image's command. */
  readonly args: readonly string[];
}

const DISK_PATHS: Readonly<Record<Disk, string>> = { virtio: "/dev/vda", nvme: "/dev/nvme0n1" };

export function qemuArguments(machine: BootedMachine): readonly string[] {
  const { architecture, image, disk, accelerator, memoryMiB, cpus, kernel, initramfs, monitor } = machine;
  // QEMU's NVMe takes no drive that is read-only.
  const readOnly = disk === "virtio" && isReadOnly(machine.root);
  return [
    ...[...BARE, "-M", EMULATORS[architecture].machine, "-accel", accelerator, "-cpu", "max"],
    ...["-m", `${memoryMiB}`, "-smp", `${cpus}`],
    // Ctrl-C is not for QEMU to hear.
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-monitor", `unix:${monitor.replaceAll(",", ",,")},server=on,wait=off`],
    ...["-drive", driveOption(fileOf(image), readOnly)],
    ...["-device", disk === "virtio" ? "virtio-blk-pci,drive=root" : "nvme,drive=root,serial=root"],
    ...["-kernel", kernel, ...(initramfs === undefined ? [] : ["-initrd", initramfs])],
    ...["-append", appended(machine)],
  ];
}

/** What QEMU takes for a file whatever its name: what stands before a colon would be a protocol, as in "vm:1/rootfs.ext4". */
function fileOf(path: string): string {
  return isAbsolute(path) ? path : `./${path}`;
}

function appended(machine: BootedMachine): string {
  const { architecture, disk, accelerator, verbose, words, args } = machine;
  const { console } = EMULATORS[architecture];
  // On a busy machine the emulated timer is late, and the kernel would give up on it.
  const timer = architecture === "amd64" && accelerator === "tcg" ? ["no_timer_check"] : [];
  const ending = ["panic=-1", ...timer, ...(verbose ? [] : ["quiet"]), ...words];
  return commandLine(kernelWords(machine, { console, disk: DISK_PATHS[disk], ending }), args);
}
