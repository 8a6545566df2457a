/** QEMU's command line. */
import { type Architecture, isReadOnly, type LaunchFacts } from "./facts.ts";
import { commandLine, kernelWords } from "./kernel-command-line.ts";
import type { LaunchFile } from "./launch-file.ts";
import { FILE_NAMES } from "./monitors.ts";
import { shellScript } from "./shell-script.ts";

interface Emulator {
  readonly program: string;
  readonly machine: string;
  readonly console: string;
  /** Debian's. */
  readonly package: string;
}

export const EMULATORS: Readonly<Record<Architecture, Emulator>> = {
  amd64: {
    program: "qemu-system-x86_64",
    machine: "pc",
    console: "ttyS0",
    package: "qemu-system-x86",
  },
  arm64: {
    program: "qemu-system-aarch64",
    machine: "virt",
    console: "ttyAMA0",
    package: "qemu-system-arm",
  },
};

/** Nothing that was not asked for, and an end where the machine would restart. */
export const BARE = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"] as const;

export function qemu(facts: LaunchFacts): LaunchFile {
  const { architecture, root, writableDisk, kernel, initramfs, cpus, memoryMiB } = facts;
  const { program, machine, console } = EMULATORS[architecture];
  const words = kernelWords(facts, { console, disk: "/dev/vda", ending: ["panic=-1"] });
  const command = [
    program,
    ...[...BARE, "-M", machine],
    // The second where the first does not work; either has all that its processor can.
    ...["-accel", "kvm", "-accel", "tcg", "-cpu", "max", "-m", `${memoryMiB}`, "-smp", `${cpus}`],
    ...["-serial", "stdio"],
    ...["-drive", driveOption(root.fileName, isReadOnly(root)), "-device", "virtio-blk-pci,drive=root"],
    ...(writableDisk === undefined ? [] : writableDrive(writableDisk)),
    ...["-kernel", kernel, ...(initramfs === undefined ? [] : ["-initrd", initramfs])],
    ...["-append", commandLine(words)],
  ];
  return { name: FILE_NAMES.qemu, text: shellScript(command), executable: true, command };
}

/** A drive. A comma in a path is two in QEMU's options. */
export function driveOption(path: string, readOnly: boolean, id = "root"): string {
  return `file=${path.replaceAll(",", ",,")},if=none,id=${id},format=raw${readOnly ? ",readonly=on" : ""}`;
}

/** The second disk. */
export function writableDrive(path: string): readonly string[] {
  return ["-drive", driveOption(path, false, "writable"), "-device", "virtio-blk-pci,drive=writable"];
}
