/** QEMU's command line for a machine that is booted here, its console on standard input and output. */
import { isAbsolute } from "node:path";
import { isReadOnly, type LaunchFacts } from "../launch/facts.ts";
import { commandLine, kernelWords } from "../launch/kernel-command-line.ts";
import { BARE, driveOption, EMULATORS, writableDrive } from "../launch/qemu.ts";
import type { Accelerator } from "./accelerator.ts";
import { networkOptions, type Publication } from "./network.ts";
import type { Disk } from "./way.ts";

export interface BootedMachine extends Omit<LaunchFacts, "name" | "folder"> {
  /** The image's path; that of `writableDisk` is one, too. */
  readonly image: string;
  readonly disk: Disk;
  /** What is published, perhaps nothing; undefined for a machine without a network. */
  readonly network: readonly Publication[] | undefined;
  /** Whether the image's init would look for an address by itself. */
  readonly hasAddress: boolean;
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

/** The root, and the disk for changes. */
const DISK_PATHS: Readonly<Record<Disk, readonly [root: string, writable: string]>> = {
  virtio: ["/dev/vda", "/dev/vdb"],
  nvme: ["/dev/nvme0n1", "/dev/nvme0n2"],
};

export function qemuArguments(machine: BootedMachine): readonly string[] {
  const { architecture, accelerator, memoryMiB, cpus, kernel, initramfs, monitor, network } = machine;
  return [
    ...[...BARE, "-M", EMULATORS[architecture].machine, "-accel", accelerator, "-cpu", "max"],
    ...["-m", `${memoryMiB}`, "-smp", `${cpus}`],
    // Ctrl-C is not for QEMU to hear.
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-monitor", `unix:${monitor.replaceAll(",", ",,")},server=on,wait=off`],
    ...disks(machine),
    ...(network === undefined ? [] : networkOptions(network)),
    ...["-kernel", kernel, ...(initramfs === undefined ? [] : ["-initrd", initramfs])],
    ...["-append", appended(machine)],
  ];
}

function disks({ image, disk, root, writableDisk }: BootedMachine): readonly string[] {
  const path = fileOf(image);
  const second = writableDisk === undefined ? undefined : fileOf(writableDisk);
  if (disk === "virtio") {
    const device = ["-device", "virtio-blk-pci,drive=root"];
    return [
      ...["-drive", driveOption(path, isReadOnly(root)), ...device],
      ...(second === undefined ? [] : writableDrive(second)),
    ];
  }
  // QEMU's NVMe takes no drive that is read-only.
  const drive = ["-drive", driveOption(path, false)];
  if (second === undefined) return [...drive, "-device", "nvme,drive=root,serial=root"];
  // One controller with both: of two, either may be the kernel's first.
  return [
    ...[...drive, "-drive", driveOption(second, false, "writable"), "-device", "nvme,id=disks,serial=root"],
    ...["-device", "nvme-ns,bus=disks,drive=root,nsid=1"],
    ...["-device", "nvme-ns,bus=disks,drive=writable,nsid=2"],
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
  const ending = ["panic=-1", ...timer, ...(verbose ? [] : ["quiet"]), ...addressWords(machine), ...words];
  const [root, secondDisk] = DISK_PATHS[disk];
  return commandLine(kernelWords(machine, { console, disk: root, secondDisk, ending }), args);
}

/** QEMU's network grants an address; one of the image's own is for another, or for none. */
function addressWords({ init, network, hasAddress }: BootedMachine): readonly string[] {
  if (init === undefined) return [];
  if (network !== undefined) return ["ip=dhcp"];
  return hasAddress ? ["ip=off"] : [];
}
